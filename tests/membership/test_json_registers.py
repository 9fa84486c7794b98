"""Registers written as JSON: a list of objects, or one after another."""

import json
from pathlib import Path

import pytest

from services.membership.registers.encoding import UnreadableFile
from services.membership.registers.opening import open_register
from services.membership.registers.profile import read_profile
from services.membership.registers.reader import BrokenRow
from tests.membership.files import PROFILE, a_file

JSON = PROFILE.replace("[file]", '[file]\nformat = "json"')
ROW = {"Clave": 1, "Nombre": "Coop  Ñandú", "Fecha": None}


def rows(path: Path) -> list[tuple[int, object]]:
    with open_register(path, read_profile(JSON)) as file:
        return [(row.line, row.reason if isinstance(row, BrokenRow) else row.cells) for row in file.rows()]


def test_objects_of_a_list_or_one_a_line_are_rows(tmp_path: Path) -> None:
    other = {"Clave": "2", "Nombre": ["Uno", "Dos"], "Fecha": "01/02/1990", "Nota": {"x": 1}}
    expected = [(2, ["1", "Coop Ñandú", ""]), (3, ["2", "Uno, Dos", "01/02/1990"])]
    listed = "[\n" + ",\n".join(json.dumps(one, ensure_ascii=False) for one in (ROW, other)) + "\n]\n"
    assert rows(a_file(tmp_path, listed)) == expected
    lines = "\n" + "\n".join(json.dumps(one) for one in (ROW, other))
    assert rows(a_file(tmp_path, lines)) == expected


def test_a_long_file_is_read_as_it_streams(tmp_path: Path) -> None:
    many = "[" + ",\n".join(json.dumps(ROW | {"Clave": number, "Nota": "x" * 500}) for number in range(1000)) + "]"
    found = rows(a_file(tmp_path, many))
    assert [(line, cells[0]) for line, cells in found] == [(n + 1, str(n)) for n in range(1000)]  # type: ignore[index] # cells


def test_values_that_are_no_single_text_break_their_row_alone(tmp_path: Path) -> None:
    text = json.dumps([ROW | {"Nombre": {"es": "Uno"}}, ROW | {"Nombre": "a\0b"}, ROW])
    assert [one for _, one in rows(a_file(tmp_path, text))][:2] == ["nested_value", "nul_character"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('[{"Clave": 1, "Nombre": "x", "Fecha": ""}, {"Clave"', "line 1: the JSON is broken off"),
        ("[]", "no JSON objects"),
        ("[1, 2]", "a JSON object must stand here"),
        ('[{"Clave": 1, "Nombre": "x"}]', "no object of"),
    ],
)
def test_what_is_no_list_of_objects_is_refused_before_anything_is_read(content: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile) as caught:
        rows(a_file(tmp_path, content))
    assert said in str(caught.value)
