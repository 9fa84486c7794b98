"""Tables and cards as parsers that are not ours read them."""

import csv
import re
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, date, datetime
from io import BytesIO, StringIO
from uuid import UUID

import openpyxl
import pytest
import vobject
from hypothesis import given
from hypothesis import strategies as st

from services.membership.formats import csv_table, vcard, xlsx
from services.membership.formats.table import Column, Table, Value, schema

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
UID = UUID(int=7)
COLUMNS = (Column("name"), Column("founded_on", "date"), Column("net", "integer"))
TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=120)


def table(*rows: tuple[Value, ...]) -> Table:
    return Table(name="members", columns=COLUMNS, rows=rows)


def read_csv(written: Table) -> list[list[str]]:
    text = b"".join(csv_table.encode(written)).decode("utf-8-sig")
    return list(csv.reader(StringIO(text, newline=""), dialect="excel"))


def read_xlsx(*written: Table) -> openpyxl.Workbook:
    return openpyxl.load_workbook(BytesIO(b"".join(xlsx.encode(written, title="Members", now=NOW))))


def test_csv_begins_with_the_mark_excel_knows_utf8_by_and_ends_its_lines_as_the_standard_says() -> None:
    written = b"".join(csv_table.encode(table(("Unión Ñandú", None, None))))
    assert written == "\ufeffname,founded_on,net\r\nUnión Ñandú,,\r\n".encode()


def test_quotes_commas_and_line_ends_come_back_from_csv() -> None:
    name = 'La "Unión", Ltda.\nSucursal'
    assert read_csv(table((name, date(1844, 12, 21), -3)))[1] == [name, "1844-12-21", "-3"]


@pytest.mark.parametrize("before", ["", " ", "\t", "\r\n", "Unión;", "Unión; ", 'Unión;"', "Unión\n", "a;b;;"])
@pytest.mark.parametrize("begin", ["=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20"])
def test_no_text_is_a_formula_to_a_spreadsheet_that_reads_csv(before: str, begin: str) -> None:
    formula = f"{begin}HYPERLINK(1)"
    [_, row] = read_csv(table((before + formula, None, -1)))
    assert row == [f"{before}'{formula}", "", "-1"]


@given(st.text("ab ;,\"'\r\n\t=+-@\uff1d", max_size=40))
def test_no_part_of_a_line_is_a_formula_where_cells_end_at_semicolons(text: str) -> None:
    [_, *lines] = re.split(r"\r\n|\r|\n", b"".join(csv_table.encode(table((f"x{text}", None, -1)))).decode("utf-8-sig"))
    cells = [cell.strip(' \t"') for line in lines for cell in line.split(";")]
    assert not [cell for cell in cells if cell[:1] in {"=", "+", "-", "@", "\uff1d"}]


@given(TEXT)
def test_every_text_comes_back_from_csv_but_for_the_apostrophes(name: str) -> None:
    [_, row] = read_csv(table((name, None, 1)))
    assert row[0].replace("'", "") == name.replace("'", "")
    assert len(row[0]) - len(name) <= 1 + name.count(";")


def test_a_workbook_keeps_texts_as_they_are_and_days_as_days() -> None:
    book = read_xlsx(table(("=1+1", date(2026, 5, 4), 12), ("Açaí", date(1844, 12, 21), None)))
    header, first, second = book["members"].iter_rows(values_only=True)
    assert header == ("name", "founded_on", "net")
    assert first == ("=1+1", NOW.replace(hour=0, tzinfo=None), 12)
    assert second == ("Açaí", "1844-12-21", None), "spreadsheets know no day of 1844"
    assert book["members"]["A2"].data_type == "s"
    assert book.properties.created.date() == NOW.date()


def test_a_workbook_has_a_sheet_for_each_table_also_for_an_empty_one() -> None:
    book = read_xlsx(table(), Table(name="others", columns=COLUMNS, rows=[("x" * 40_000, None, 1)]))
    assert book.sheetnames == ["members", "others"]
    assert book["members"].max_row == 1
    assert len(book["others"]["A2"].value) == 32_767


def test_memory_stays_flat_however_many_rows_there_are() -> None:
    def many(number: int) -> Table:
        rows = ((f"Cooperativa {each} de consumo", date(2000, 1, 1), each) for each in range(number))
        return Table(name="members", columns=COLUMNS, rows=rows)

    def workbook(number: int) -> Iterator[bytes]:
        return xlsx.encode([many(number)], title="", now=NOW)

    peak(workbook(1))  # what is imported and cached at the first use is not the rows'
    assert peak(csv_table.encode(many(5000))) < 1.2 * peak(csv_table.encode(many(1000)))
    assert peak(workbook(5000)) < 1.2 * peak(workbook(1000))


def peak(written: Iterator[bytes]) -> int:
    """Bytes that were held at most while the pieces were taken and let go."""
    tracemalloc.start()
    try:
        assert sum(len(piece) for piece in written) > 1000
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_the_schema_names_each_column_and_its_kind() -> None:
    fields = schema(COLUMNS)["fields"]
    assert [(one["name"], one["type"]) for one in fields] == [
        ("name", "string"),
        ("founded_on", "date"),
        ("net", "integer"),
    ]


def test_lines_of_a_card_are_folded_at_75_octets_and_never_within_a_character() -> None:
    folded = vcard.fold("FN:" + "Cooperación y ñandú " * 20)
    lines = folded.split("\r\n")
    assert lines[-1] == ""
    assert all(len(line.encode()) <= 75 for line in lines)
    assert all(line.startswith(" ") for line in lines[1:-1])
    assert folded.replace("\r\n ", "") == "FN:" + "Cooperación y ñandú " * 20 + "\r\n"


@given(TEXT.filter(str.strip))
def test_every_name_comes_back_from_a_card(name: str) -> None:
    written = vcard.card("org", UID, [("FN", vcard.text(name))]).decode()
    read = vobject.readOne(written, ignoreUnreadable=False)
    assert read.fn.value == name
    assert (read.version.value, read.kind.value, read.uid.value) == ("4.0", "org", f"urn:uuid:{UID}")


def test_an_address_keeps_its_parts_apart() -> None:
    value = vcard.parts("", "", "San Martín 120; piso 2", "Río Cuarto", "Córdoba", "X5800", "Argentina")
    read = vobject.readOne(vcard.card("org", UID, [("FN", "x"), ("ADR;TYPE=work", value)]).decode())
    assert (read.adr.value.street, read.adr.value.city, read.adr.value.code) == (
        "San Martín 120; piso 2",
        "Río Cuarto",
        "X5800",
    )


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        ("+54 (358) 462-1234", ("TEL;VALUE=uri;TYPE=work", "tel:+543584621234")),
        ("0358 462-1234", ("TEL;VALUE=text;TYPE=work", "0358 462-1234")),
        ("+54 11 4000, int. 3", ("TEL;VALUE=text;TYPE=work", "+54 11 4000\\, int. 3")),
        ("+1", ("TEL;VALUE=text;TYPE=work", "+1")),
    ],
)
def test_a_number_is_a_link_where_its_country_is_known(number: str, expected: tuple[str, str]) -> None:
    assert vcard.telephone(number) == expected


def test_what_is_not_known_has_no_line_in_a_card() -> None:
    assert b"TEL" not in vcard.card("org", UID, [("FN", "x"), vcard.telephone("")])
    assert vcard.parts("", "", "") == ""
    assert vcard.uri("https://a.example/x,y;z\r\n") == "https://a.example/x,y;z"


def test_cards_are_gathered_and_none_is_lost() -> None:
    cards = [vcard.card("org", UID, [("FN", f"Cooperativa {number}")]) for number in range(1000)]
    pieces = list(vcard.gathered(cards))
    assert b"".join(pieces) == b"".join(cards)
    assert 1 < len(pieces) < 20
