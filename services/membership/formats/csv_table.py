"""CSV as RFC 4180 has it, with the mark by which Excel knows UTF-8. Pure.

A spreadsheet takes a cell that begins like a formula for one, whoever wrote it: such texts get an apostrophe in front.
Numbers are no texts, and keep their sign.
"""

import csv
from collections.abc import Iterator
from datetime import date
from io import StringIO

from services.membership.formats.table import Table, Value

MEDIA_TYPE = "text/csv; charset=utf-8; header=present"
BOM = "\ufeff"

_FORMULA = frozenset("=+-@\uff1d\uff0b\uff0d\uff20")
"""How a formula may begin; the last four are the full-width forms, which some spreadsheets read alike."""

_CHUNK = 16_384


def encode(table: Table) -> Iterator[bytes]:
    """The table in pieces of some kilobytes."""
    written = StringIO(newline="")
    written.write(BOM)
    writer = csv.writer(written)
    writer.writerow(column.name for column in table.columns)
    for row in table.rows:
        writer.writerow([_cell(value) for value in row])
        if written.tell() > _CHUNK:
            yield _taken(written)
    yield _taken(written)


def safe(text: str) -> str:
    """The text as no spreadsheet takes it for a formula; one that begins with white space is looked at behind it."""
    return f"'{text}" if text.lstrip()[:1] in _FORMULA else text


def _cell(value: Value) -> str:
    if isinstance(value, str):
        return safe(value)
    if isinstance(value, date):
        return value.isoformat()
    return "" if value is None else str(value)


def _taken(written: StringIO) -> bytes:
    taken = written.getvalue().encode()
    written.seek(0)
    written.truncate()
    return taken
