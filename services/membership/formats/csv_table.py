"""CSV as RFC 4180 has it, with the mark by which Excel knows UTF-8. Pure.

A spreadsheet takes a cell that begins like a formula for one, whoever wrote it: such texts get an apostrophe in front.
Where commas divide decimals, as in Spanish and Portuguese, Excel divides cells at semicolons, and knows no quotes in
the middle of one: there a formula may begin after each semicolon and on each line of a text. Numbers are no texts, and
keep their sign.
"""

import csv
import re
from collections.abc import Iterator
from datetime import date
from io import StringIO

from services.membership.formats.table import Table, Value

MEDIA_TYPE = "text/csv; charset=utf-8; header=present"
BOM = "\ufeff"

_FORMULA = re.compile(r"""((?:^|[;\r\n])[;\s"]*+)(?=[=+\-@\uff1d\uff0b\uff0d\uff20])""")
"""Where a formula may begin, and how; the last four are the full-width forms, which some spreadsheets read alike."""

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
    """The text as no spreadsheet takes it, or a part of it, for a formula; white space or quotes do not hide one."""
    return _FORMULA.sub(r"\1'", text)


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
