"""Answers that are documents to print."""

from werkzeug.wrappers import Response

from services.membership.model import Invoice

PDF = "application/pdf"


def invoice_paper(of: Invoice) -> Response:
    """An issued invoice.

    Raises:
        NoDocumentYet
    """
    from services.membership.documents import invoice_pdf  # noqa: PLC0415 -- fonts and pictures are a quarter of a start

    of.ensure_printable()
    return paper(invoice_pdf(of), of.reference)


def paper(content: bytes, name: str) -> Response:
    """A PDF that is shown where it is opened; nobody in between keeps it."""
    headers = {"Content-Disposition": f'inline; filename="{name}.pdf"', "Cache-Control": "private, no-cache"}
    return Response(content, content_type=PDF, headers=headers)
