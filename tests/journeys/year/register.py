"""A register's file of invented cooperatives, and the profile to read it by."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from services.membership.registers.profile import Profile, read_profile

PROFILE = """
registry = "xx-year"
sector_separator = "|"

[file]
delimiter = ";"

[columns]
key = "Clave"
name = "Nombre"
country = "Pais"
locality = "Lugar"
sectors = "Rubro"
structure = "Tipo"
emails = "Correo"

[constants]
language = "es"

[values.structure]
"Cooperativa" = "cooperative"

[values.sectors]
"Agro" = "agriculture"
"Leche" = "dairy"
"Vivienda" = "housing"
"Ahorro" = "financial-services"
"Seguros" = "insurance"
"Salud" = "health"
"""
COUNTRIES = ("AR", "BR", "CR", "UY", "CO", "PY", "HT")
SECTORS = ("Agro", "Vivienda", "Ahorro|Seguros", "Salud", "Agro|Leche")
LEAVES = ("Ceibo", "Jacaranda", "Lapacho", "Quebracho", "Araucaria", "Caoba", "Guanacaste", "Palma", "Cedro", "Roble")
WATERS = ("Norte", "Sur", "Mayor", "Menor", "Alta", "Baja", "Nueva", "Vieja", "Clara", "Honda", "Larga", "Mansa")


class Row(NamedTuple):
    """One cooperative of the register."""

    key: str
    name: str
    country: str
    locality: str
    sectors: str
    structure: str
    email: str


def rows(number: int) -> Iterator[Row]:
    """So many, over all countries and sectors; each has a place of its own, so that none is taken for another."""
    for each in range(number):
        word = f"{LEAVES[each % 10]} {WATERS[each // 10 % 12]} {each:03}"
        yield Row(
            key=f"R-{each:04}",
            name=f"Cooperativa {word}",
            country=COUNTRIES[each % len(COUNTRIES)],
            locality=f"Villa {word}",
            sectors=SECTORS[each // 3 % len(SECTORS)],
            structure="Cooperativa",
            email=f"oficina{each}@year.invalid",
        )


def write_register(path: Path, number: int) -> Path:
    header = "Clave;Nombre;Pais;Lugar;Rubro;Tipo;Correo"
    path.write_text("\n".join([header, *(";".join(row) for row in rows(number))]) + "\n", encoding="utf-8")
    return path


def profile() -> Profile:
    return read_profile(PROFILE)
