"""Bank statements: read from camt.053 or CSV, and matched with what members owe. No I/O."""

from services.membership.banking.statement import BankEntry, BankStatement

__all__ = ["BankEntry", "BankStatement"]
