"""Workbooks for spreadsheets: a sheet per table, row by row through a temporary file, so that memory stays flat."""

from collections.abc import Iterable, Iterator
from datetime import date, datetime, time
from decimal import Decimal
from tempfile import TemporaryFile
from typing import IO, Any

from xlsxwriter import Workbook
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from services.membership.formats.table import Table, Value

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

_FIRST_DAY = date(1900, 3, 1)
"""Spreadsheets know no day before 1900, and believe in a 29 February of that year."""

_MOST_CHARACTERS = 32_767
_CHUNK = 65_536
_WIDTH = 18


def encode(tables: Iterable[Table], *, title: str, now: datetime) -> Iterator[bytes]:
    """The workbook in pieces; the first comes once all rows are read."""
    with TemporaryFile() as file:
        _write(file, tables, title=title, now=now)
        file.seek(0)
        while chunk := file.read(_CHUNK):
            yield chunk


def _write(file: IO[bytes], tables: Iterable[Table], *, title: str, now: datetime) -> None:
    with Workbook(file, {"constant_memory": True}) as workbook:
        workbook.set_properties({"title": title, "created": now.replace(tzinfo=None)})
        bold, day = workbook.add_format({"bold": True}), workbook.add_format({"num_format": "yyyy-mm-dd"})
        for table in tables:
            _write_sheet(workbook.add_worksheet(table.name), table, bold=bold, day=day)


def _write_sheet(sheet: Worksheet, table: Table, *, bold: Format, day: Format) -> None:
    sheet.freeze_panes(1, 0)
    sheet.set_column(0, len(table.columns) - 1, _WIDTH)
    for place, column in enumerate(table.columns):
        sheet.write_string(0, place, column.name, bold)
    last = 0
    for last, row in enumerate(table.rows, start=1):
        for place, value in enumerate(row):
            _write_cell(sheet, last, place, value, day)
    sheet.autofilter(0, 0, last, len(table.columns) - 1)


def _write_cell(sheet: Any, row: int, place: int, value: Value, day: Format) -> None:
    """Each by its kind, so that a text is never guessed to be a formula, a number or a link."""
    if isinstance(value, date) and value >= _FIRST_DAY:
        sheet.write_datetime(row, place, datetime.combine(value, time()), day)
    elif isinstance(value, int | float | Decimal):
        sheet.write_number(row, place, value)
    elif value is not None:
        sheet.write_string(row, place, str(value)[:_MOST_CHARACTERS])
