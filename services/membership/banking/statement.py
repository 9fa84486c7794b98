"""What a bank says of an account, whatever format it says it in."""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date

from shared.errors import Rejected
from shared.money import Money, NotMoney

_LONGEST = 40
"""ISO 20022 has 34 signs for an account and 35 for a statement's name; both stand in indexes, which end somewhere."""


class StatementUnreadable(Rejected):
    """No bank statement, or none that can be read; its kinds say why."""


class NoXml(StatementUnreadable):
    message = "The file is no XML that can be read from line {line}, column {column} on. Ask the bank for it anew."


class XmlRefused(StatementUnreadable):
    message = "The file has a document type or an encoding that is not taken. Ask the bank for plain camt.053."


class NoCamt053(StatementUnreadable):
    message = "The file is XML, but <{root}> instead of a statement as camt.053. Ask the bank for camt.053."


class OtherEncoding(StatementUnreadable):
    message = "The file is not written in {encoding}, as the bank profile says."


class NotTable(StatementUnreadable):
    message = "Line {line} is not CSV as the bank profile says."


class HeadsMissing(StatementUnreadable):
    message = "There is no column {missing}; see which columns the bank profile names, and how many lines it skips."


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


def distinct(entries: Iterable[BankEntry]) -> tuple[BankEntry, ...]:
    """Two entries that say the very same within a statement are two: the second of them gets a key of its own."""
    seen: dict[str, int] = {}
    found = []
    for one in entries:
        seen[one.key] = seen.get(one.key, 0) + 1
        key = one.key if seen[one.key] == 1 else f"{one.key} {seen[one.key]}"
        found.append(replace(one, key=key))
    return tuple(found)


def key_of(*parts: str) -> str:
    """What tells an entry from all others of its account: everything the bank says of it."""
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:32]


def money_at(place: str, amount: str, currency: str) -> Money:
    """The amount, or a refusal that names the place."""
    try:
        return Money.parse(amount, currency)
    except NotMoney:
        raise StatementWrong(place=place, what=f"{amount[:40]} {currency[:10]}") from None


def date_at(place: str, text: str, read: Callable[[str], date]) -> date:
    """The date, or a refusal that names the place."""
    try:
        return read(text.strip())
    except ValueError:
        raise StatementWrong(place=place, what=f"{text[:40]}") from None


def name_at(place: str, text: str) -> str:
    """What the bank calls something, or a refusal that names the place: nothing, or too much."""
    if not 0 < len(text) <= _LONGEST:
        raise StatementWrong(place=place, what=text[:_LONGEST] or "-")
    return text


def account_at(place: str, text: str) -> str:
    """An account's number without its blanks, or a refusal that names the place."""
    return name_at(place, "".join(text.split()).upper())
