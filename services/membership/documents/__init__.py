"""What members get on paper: invoices and statements of account, the same bytes for the same facts."""

from services.membership.documents.account import account_pdf
from services.membership.documents.invoice import invoice_pdf

__all__ = ["account_pdf", "invoice_pdf"]
