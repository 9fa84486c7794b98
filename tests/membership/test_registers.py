"""Files of registers: what is read from them, and what is said of those that can't be read."""

from pathlib import Path

import pytest

from services.membership.registers.encoding import UnreadableFile
from services.membership.registers.entries import Entries, Entry, Refusal, read_emails, title_case
from services.membership.registers.profile import ProfileError, load_profile, read_profile, shipped
from services.membership.registers.reader import BrokenRow, RegisterFile, Row
from tests.membership.files import PROFILE, a_file, a_profile

PLAIN = PROFILE.replace('founded_on = "Fecha"\n', "")


def rows(path: Path, profile: str = PLAIN) -> list[tuple[int, object]]:
    with RegisterFile(path, read_profile(profile)) as file:
        return [(row.line, row.cells if isinstance(row, Row) else row.reason) for row in file.rows()]


def refusal(path: Path, profile: str = PLAIN) -> str:
    with pytest.raises(UnreadableFile) as caught:
        rows(path, profile)
    return str(caught.value)


def entry(profile: str, **cells: str) -> Entry:
    return Entries(read_profile(profile), list(cells)).read(list(cells.values()))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "windows-1252", "utf-16"])
def test_the_encoding_is_found_out(tmp_path: Path, encoding: str) -> None:
    path = a_file(tmp_path, "Clave;Nombre\n1;Peñón € Ñandú\n".encode(encoding))
    assert rows(path) == [(2, ["1", "Peñón € Ñandú"])]


def test_a_far_accent_is_enough_to_tell_windows_1252(tmp_path: Path) -> None:
    lines = [f"{number};Nombre" for number in range(50_000)]
    path = a_file(tmp_path, "\n".join(["Clave;Nombre", *lines, "x;Peñón"]).encode("windows-1252"))
    assert rows(path)[-1] == (50_002, ["x", "Peñón"])


def test_single_broken_lines_of_a_utf8_file_are_refused_alone(tmp_path: Path) -> None:
    path = a_file(tmp_path, "Clave;Nombre\n1;Peñón\n".encode() + b"2;Pe\xf1\xf3n\n" + "3;Ñandú\n".encode())
    assert rows(path) == [(2, ["1", "Peñón"]), (3, "not_decodable"), (4, ["3", "Ñandú"])]


def test_another_encoding_than_the_profiles_is_said(tmp_path: Path) -> None:
    wrong = a_file(tmp_path, "Clave;Nombre\n1;Peñón\n".encode("windows-1252"))
    assert "not UTF-8 as the profile says (first at line 2)" in refusal(
        wrong, PLAIN.replace("[file]", '[file]\nencoding = "utf-8"')
    )
    right = a_file(tmp_path, "Clave;Nombre\n1;Peñón\n")
    assert "is UTF-8, not windows-1252" in refusal(right, PLAIN.replace("[file]", '[file]\nencoding = "windows-1252"'))


def test_a_register_with_everything_in_its_way(tmp_path: Path) -> None:
    profile = PLAIN.replace(
        "[file]", '[file]\nencoding = "detect"\nskip_lines = 7\ntrailing_delimiters = true\nnulls = ["-"]'
    )
    text = 'Título\n\n;;;\n"abierto\nx\ny\nz\nClave;Nombre;;\n1;Peñón;;\n;;;\n2;"a;b";\n3;uno;dos;\n'
    path = a_file(tmp_path, text.replace("\n", "\r\n").encode("windows-1252"))
    assert rows(path, profile) == [(9, ["1", "Peñón"]), (11, ["2", "a;b"]), (12, "wrong_number_of_fields")]


def test_lines_are_physical_ones_and_line_breaks_in_cells_are_spaces(tmp_path: Path) -> None:
    path = a_file(tmp_path, 'Clave;Nombre\n1;"Coop\nLa\nUnión"\n2;Dos\n')
    assert rows(path) == [(2, ["1", "Coop La Unión"]), (5, ["2", "Dos"])]


THREE = PLAIN.replace('name = "Nombre"', 'name = "Nombre"\nlocality = "Lugar"')


@pytest.mark.parametrize("following", [3, 400])
def test_a_quote_that_is_never_closed_swallows_no_line(tmp_path: Path, following: int) -> None:
    lines = ['1;"Coop La Unión;Azul', *(f"{number};Nombre;Azul" for number in range(2, following))]
    read = rows(a_file(tmp_path, "\n".join(["Clave;Nombre;Lugar", *lines])), THREE)
    assert read[0] == (2, "broken_quoting")
    assert len(read) == following - 1
    assert read[-1] == (following, [str(following - 1), "Nombre", "Azul"])


def test_a_quote_closed_lines_later_swallows_none_of_them(tmp_path: Path) -> None:
    path = a_file(tmp_path, 'Clave;Nombre;Lugar\n1;Uno;"Azul\n2;Dos;Azul\n3;Tres;Azul"\n4;Cuatro;Azul\n')
    assert rows(path, THREE) == [
        (2, ["1", "Uno", "Azul"]),
        (3, ["2", "Dos", "Azul"]),
        (4, ["3", "Tres", 'Azul"']),
        (5, ["4", "Cuatro", "Azul"]),
    ]


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ('1;"LA UNION" COOP LTDA;Azul', '"LA UNION" COOP LTDA'),
        ('1;"UNION; PROGRESO" COOP;Azul', "UNION; PROGRESO COOP"),
        ('1;COOP "LA UNION" LTDA;Azul', 'COOP "LA UNION" LTDA'),
    ],
)
def test_quotes_in_a_name_are_read_where_they_leave_no_doubt(tmp_path: Path, line: str, name: str) -> None:
    assert rows(a_file(tmp_path, f"Clave;Nombre;Lugar\n{line}\n"), THREE) == [(2, ["1", name, "Azul"])]


def test_rows_with_too_many_or_too_few_fields_are_refused_never_shifted(tmp_path: Path) -> None:
    path = a_file(tmp_path, "Clave;Nombre\n1;Uno;Ltda\n2\n3;Tres\n")
    assert rows(path) == [(2, "wrong_number_of_fields"), (3, "wrong_number_of_fields"), (4, ["3", "Tres"])]


def test_a_broken_row_keeps_its_pieces(tmp_path: Path) -> None:
    path = a_file(tmp_path, 'Clave;Nombre\n77;Uno;"Dos\n')
    with RegisterFile(path, a_profile(PLAIN)) as file:
        broken = list(file.rows())
    assert broken == [BrokenRow(2, "broken_quoting", ["77", "Uno", "Dos"])]


def test_a_nul_character_costs_its_row_only(tmp_path: Path) -> None:
    assert rows(a_file(tmp_path, b"Clave;Nombre\n1;U\0no\n2;Dos\n")) == [(2, "nul_character"), (3, ["2", "Dos"])]


def test_a_file_without_a_header_and_without_quotes(tmp_path: Path) -> None:
    form = '[file]\nheader = false\nquote = ""\ncolumn_names = ["Clave", "Nombre"]'
    path = a_file(tmp_path, '1;Coop "La Unión\n2;Dos\n')
    assert rows(path, PLAIN.replace("[file]", form)) == [(1, ["1", 'Coop "La Unión']), (2, ["2", "Dos"])]


def test_files_that_are_no_text_are_told_from_text(tmp_path: Path) -> None:
    assert "is empty" in refusal(a_file(tmp_path, b""))
    assert "is a folder" in refusal(tmp_path)
    assert "No such file" in refusal(tmp_path / "none.csv")
    assert "save the sheet as CSV" in refusal(a_file(tmp_path, b"PK\x03\x04..."))
    assert "gzip" in refusal(a_file(tmp_path, b"\x1f\x8b..."))
    assert "a million characters" in refusal(a_file(tmp_path, b"x" * 1_500_000))
    assert "no header" in refusal(a_file(tmp_path, b"\n"), PLAIN.replace("[file]", "[file]\nskip_lines = 3"))


def test_a_header_without_the_mapped_columns_is_said_with_what_it_has(tmp_path: Path) -> None:
    said = refusal(a_file(tmp_path, "Clave,Nombre\n1,Uno\n"))
    assert "no column 'Clave', 'Nombre'" in said
    assert "'Clave,Nombre'" in said
    assert "delimiter" in said
    assert "more than once" in refusal(a_file(tmp_path, "Clave;Nombre;Clave\n"))


def test_line_breaks_in_a_header_are_spaces(tmp_path: Path) -> None:
    path = a_file(tmp_path, '"Clave";"Nombre \n(legal)"\n1;Uno\n')
    assert rows(path, PLAIN.replace('"Nombre"', '"Nombre (legal)"')) == [(3, ["1", "Uno"])]


RICH = """
registry = "xx-test"
country_names = "en"
sector_separator = ","
title_case = ["locality"]

[file]
nulls = ["-", "N/A"]

[columns]
key = "k"
name = "n"
country = "c"
locality = "l"
address = ["a1", "a2"]
postal_code = "z"
founded_on = "d"
sectors = "s"
structure = "t"
emails = "e"
phone = ["p1", "p2"]

[dates]
format = "%d.%m.%Y"

[zero_fill]
postal_code = 5

[otherwise]
structure = "cooperative"

[values.structure]
"Federación" = "national-federation"

[values.sectors]
"AGRO" = ["agriculture", "dairy"]
"Ahorro" = "financial-services"

[values.country]
"Palestine, State of" = "PS"
"""
CELLS = {
    "k": "7",
    "n": "Coop",
    "c": "Costa Rica",
    "l": "SAN JUAN DE LA MAGUANA",
    "a1": "Calle 1",
    "a2": "-",
    "z": "123",
    "d": "03.02.1990",
    "s": "ahorro, Agro",
    "t": "FEDERACION",
    "e": "n/a",
    "p1": "1",
    "p2": "2",
}


def test_a_row_is_understood_as_its_profile_explains() -> None:
    read = entry(RICH, **CELLS)
    assert (read.country, read.language, read.locality) == ("CR", "es", "San Juan de la Maguana")
    assert (read.address, read.postal_code, str(read.founded_on)) == ("Calle 1", "00123", "1990-02-03")
    assert (read.sectors, read.structure) == (["financial-services", "agriculture", "dairy"], "national-federation")
    assert read.contacts == [("", "1 / 2")]
    assert entry(RICH, **CELLS | {"c": "Palestine, State of", "t": "Otra"}).country == "PS"
    assert entry(RICH, **CELLS | {"c": "XX"}).country == "XX"


@pytest.mark.parametrize(
    ("cell", "column", "reason"),
    [
        ({"k": "-"}, "k", "missing"),
        ({"n": ""}, "n", "missing"),
        ({"c": "Atlantis"}, "c", "unknown_value"),
        ({"d": "31.02.1990"}, "d", "bad_date"),
        ({"s": "Coal"}, "s", "unknown_value"),
        ({"n": "x" * 501}, "n", "too_long"),
    ],
)
def test_a_row_that_cannot_be_taken_in_is_refused_by_column(cell: dict[str, str], column: str, reason: str) -> None:
    with pytest.raises(Refusal) as caught:
        entry(RICH, **CELLS | cell)
    assert (caught.value.column, caught.value.reason) == (column, reason)


def test_addresses_in_a_cell_are_told_from_remarks_and_rubbish() -> None:
    assert read_emails("a@b.example; C@D.Example (gerencia)") == (["a@b.example", "C@d.example"], [])
    assert read_emails("a@b.example. / b@b") == (["a@b.example"], ["b@b"])
    assert read_emails("LOC. VILLA POMAN") == ([], ["LOC. VILLA POMAN"])
    assert read_emails("") == ([], [])


def test_capitals_become_a_title() -> None:
    assert title_case("LA PLATA Y EL MAR") == "La Plata y el Mar"


def test_the_shipped_profiles_are_good() -> None:
    assert {"ar-inaes", "ica-directory", "us-ncua"} <= set(shipped())
    for name in shipped():
        assert load_profile(name).registry == name


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('key = "Clave"\n', "", "missing required field `key`"),
        ('key = "Clave"', "key = 1", "[columns] key: expected `str"),
        ('delimiter = ";"', 'delimiter = ";;"', "[file] delimiter: expected `str` of length <= 1"),
        ('delimiter = ";"', 'separator = ";"', "known here: encoding, delimiter"),
        ('registry = "xx-test"', 'registry = "XX test"', "registry: expected `str` matching regex"),
        ('country = "AR"', 'country = "Argentina"', "no ISO 3166-1 alpha-2 code"),
        ('country = "AR"', "", "give [columns] country, or [constants] country"),
        ('country = "AR"', 'country = "AR"\nsectors = "coal"', "'coal' is not one of agriculture"),
        ('format = "%d/%m/%Y"', 'format = "DD/MM/YYYY"', 'is "%d/%m/%Y"'),
        ("[file]", "[file]\nheader = false", "list all columns"),
        ("[file]", '[file]\nheader = false\ncolumn_names = ["Clave"]', "Nombre, Fecha not among"),
        ("[file]", '[file]\ncolumn_names = ["Clave"]', "only for files without a header"),
        ("[dates]", '[[identifiers]]\nscheme = "CUIT"\ncolumn = "C"\n[dates]', "no org-id.guide list code"),
        ("[dates]", '[values.sectors]\n"Crédito" = "all"\nCREDITO = "all"\n[dates]', "'credito' stands there twice"),
        ("[dates]", "[dates", "not TOML"),
    ],
)
def test_a_wrong_profile_is_refused_where_it_is_wrong(old: str, new: str, said: str) -> None:
    assert old in PROFILE
    with pytest.raises(ProfileError) as caught:
        read_profile(PROFILE.replace(old, new))
    assert said in str(caught.value)


def test_an_unknown_profile_is_refused_with_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(ProfileError, match="ar-inaes, do-idecoop, ica-directory, us-ncua"):
        load_profile("nobody")
    path = a_file(tmp_path, "registry = 1", name="own.toml")
    with pytest.raises(ProfileError, match=r"own\.toml"):
        load_profile(str(path))
