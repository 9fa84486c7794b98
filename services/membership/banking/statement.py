"""What a bank says of an account, whatever format it says it in."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from shared.errors import Rejected
from shared.money import Money, NotMoney


class StatementUnreadable(Rejected):
    message = "The file is no bank statement that can be read: {what}"


class StatementWrong(Rejected):
    message = "{place}: this can't be read: {what}"


@dataclass(frozen=True, kw_only=True)
class BankEntry:
    """Money that came in, or went out where `amount` is negative; `key` tells it from all others of the account.

    `remittance` is what the payer wrote, `iban` and `payer` who it was, empty where the bank does not say.
    """

    key: str
    booked_on: date
    amount: Money
    remittance: str = ""
    payer: str = ""
    iban: str = ""


@dataclass(frozen=True, kw_only=True)
class BankStatement:
    """An account's entries under the bank's own name for the statement."""

    account: str
    reference: str
    entries: tuple[BankEntry, ...]


def money_at(place: str, amount: str, currency: str) -> Money:
    """The amount, or a refusal that names the place."""
    return _at(place, lambda: Money.parse(amount, currency), f"{amount[:40]} {currency[:10]}")


def date_at(place: str, text: str, read: Callable[[str], date]) -> date:
    """The date, or a refusal that names the place."""
    try:
        return read(text.strip())
    except ValueError:
        raise StatementWrong(place=place, what=f"{text[:40]}") from None


def _at(place: str, read: Callable[[], Money], what: str) -> Money:
    try:
        return read()
    except NotMoney:
        raise StatementWrong(place=place, what=what) from None
