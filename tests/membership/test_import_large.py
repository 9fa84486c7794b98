"""A register of a hundred megabytes."""

import resource
from pathlib import Path

import pytest
from sqlalchemy import Engine

from services.membership.importing import import_register
from tests.membership.files import PROFILE, a_profile

BYTES = 100_000_000
MEMORY_MB = 60
PLACES = 5_000


def a_large_register(path: Path) -> int:
    """Writes it and returns how many rows it has."""
    note = "nota " * 150
    rows = 0
    with path.open("w", encoding="utf-8") as file:
        size = file.write("Clave;Nombre;Fecha;Lugar;Nota\n")
        while size < BYTES:
            name = f"Cooperativa Ñandú {rows * 7919 % 1_000_003:x}"
            size += file.write(f"{rows};{name};01/02/1990;Lugar {rows % PLACES};{note}\n")
            rows += 1
    return rows


@pytest.mark.long
@pytest.mark.timeout(900)
def test_a_hundred_megabytes_are_taken_in_with_flat_memory(engine: Engine, tmp_path: Path) -> None:
    file = tmp_path / "large.csv"
    rows = a_large_register(file)
    profile = a_profile(PROFILE.replace("[constants]", 'locality = "Lugar"\n[constants]'))
    peaks: list[int] = []

    def watch(_what: str, _done: int, _total: int) -> None:
        peaks.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)

    run = import_register(engine, file, profile, profile_name="large", actor="test", progress=watch)
    assert (run.rows, run.created) == (rows, rows)
    assert peaks[-1] - peaks[0] < MEMORY_MB
