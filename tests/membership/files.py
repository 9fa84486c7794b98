"""Small registers' files, and the profiles to read them by."""

from pathlib import Path
from typing import Any

from services.membership.registers.profile import Profile, read_profile

PROFILE = """
registry = "xx-test"

[file]
delimiter = ";"

[columns]
key = "Clave"
name = "Nombre"
founded_on = "Fecha"

[constants]
country = "AR"

[dates]
format = "%d/%m/%Y"
"""
HEADER = ("Clave", "Nombre", "Fecha")


def a_profile(text: str = PROFILE, **replaced: str) -> Profile:
    """The profile of `text`, with each `[section]` or line named in `replaced` exchanged."""
    for old, new in replaced.items():
        text = text.replace(old, new)
    return read_profile(text)


def a_register(
    folder: Path, rows: list[tuple[str, ...]], *, header: tuple[str, ...] = HEADER, name: str = "register.csv"
) -> Path:
    lines = [";".join(row) for row in (header, *rows)]
    return a_file(folder, "\n".join(lines) + "\n", name=name)


def a_file(folder: Path, content: str | bytes, *, name: str = "register.csv", **options: Any) -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8", **options))
    return path
