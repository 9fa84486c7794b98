"""Bank statements as CSV, by a profile that says how this bank writes them."""

import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from services.membership.banking.statement import (
    BankEntry,
    BankStatement,
    HeadsMissing,
    NotTable,
    OtherEncoding,
    StatementWrong,
    account_at,
    date_at,
    distinct,
    key_of,
    money_at,
)
from shared.money import Money

_SIGNED = (
    r"(?P<before>[+-]?)\s*(?P<units>[0-9]+|[1-9][0-9]{0,2}(?P<apart>[OTHER\s'\u2019])[0-9]{3}(?:(?P=apart)[0-9]{3})*)"
    r"(?:[DECIMAL](?P<parts>[0-9]+))?\s*(?P<after>-?)"
)
_NUMBER = {
    decimal: re.compile(_SIGNED.replace("OTHER", other).replace("DECIMAL", decimal))
    for decimal, other in ((",", "."), (".", ","))
}
"""Thousands stand apart in threes by one same sign, which can't be the decimal one; a minus may stand behind."""


@dataclass(frozen=True, kw_only=True)
class CsvProfile:
    """How a bank writes: `columns` says in which column, by its head, stands what.

    Either `amount` with a sign, or `credit` and `debit`. `skip` lines come before the heads.
    `date_format` is strptime's.
    """

    account: str
    currency: str
    columns: Mapping[str, str]
    delimiter: str = ";"
    encoding: str = "utf-8-sig"
    decimal: str = ","
    date_format: str = "%d/%m/%Y"
    skip: int = 0


def read_csv(content: bytes, profile: CsvProfile, *, reference: str) -> BankStatement:
    """The statement, with lines counted from 1 as editors do.

    Raises:
        StatementUnreadable: not of the profile's encoding, or without its columns.
        StatementWrong: a line whose date or amount can't be read.
    """
    try:
        text = content.decode(profile.encoding)
    except (UnicodeDecodeError, LookupError) as error:
        raise OtherEncoding(encoding=profile.encoding) from error
    if "\0" in text:
        # No text of the database holds one.
        raise OtherEncoding(encoding=profile.encoding)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=profile.delimiter)
    try:
        lines = [(rows.line_num, row) for row in rows][profile.skip :]
    except csv.Error as error:
        raise NotTable(line=rows.line_num) from error
    places = _places(lines[0][1] if lines else [], profile)
    entries = [_entry(row, places, profile, f"{line}") for line, row in lines[1:] if any(map(str.strip, row))]
    return BankStatement(account=profile.account, reference=reference, entries=distinct(entries))


def _places(heads: Sequence[str], profile: CsvProfile) -> dict[str, int]:
    known = {head.strip().casefold(): number for number, head in enumerate(heads)}
    wanted = {field: head.strip() for field, head in profile.columns.items()}
    missing = [head for head in wanted.values() if head.casefold() not in known]
    if missing:
        raise HeadsMissing(missing=", ".join(missing))
    return {field: known[head.casefold()] for field, head in wanted.items()}


def _entry(row: Sequence[str], places: Mapping[str, int], profile: CsvProfile, place: str) -> BankEntry:
    def cell(field: str) -> str:
        number = places.get(field)
        return row[number].strip() if number is not None and number < len(row) else ""

    booked_on = date_at(
        place, cell("date"), lambda text: datetime.strptime(text, profile.date_format).replace(tzinfo=UTC).date()
    )
    currency = cell("currency") or profile.currency
    amount = _amount(cell, currency, profile, place)
    told = {field: cell(field) for field in ("remittance", "payer", "iban", "reference")}
    key = key_of(told["reference"], booked_on.isoformat(), str(amount.minor), currency, *told.values())
    facts: dict[str, Any] = {"remittance": " ".join(told["remittance"].split()), "payer": told["payer"]}
    iban = account_at(place, told["iban"]) if told["iban"] else ""
    return BankEntry(key=key, booked_on=booked_on, amount=amount, iban=iban, **facts)


def _amount(cell: Any, currency: str, profile: CsvProfile, place: str) -> Money:
    if "amount" in profile.columns:
        return _number(cell("amount"), currency, profile, place)
    credit = _number(cell("credit") or "0", currency, profile, place)
    debit = _number(cell("debit") or "0", currency, profile, place)
    return Money(abs(credit.minor) - abs(debit.minor), currency)


def _number(text: str, currency: str, profile: CsvProfile, place: str) -> Money:
    """With the bank's decimal sign; the other one and blanks may stand between thousands, and nowhere else."""
    written = _NUMBER[profile.decimal].fullmatch(text)
    if not written or (written["before"] and written["after"]):
        raise StatementWrong(place=place, what=text[:40] or "-")
    minus = "-" if "-" in (written["before"], written["after"]) else ""
    units = re.sub("[^0-9]", "", written["units"])
    return money_at(place, f"{minus}{units}" + (f".{written['parts']}" if written["parts"] else ""), currency)
