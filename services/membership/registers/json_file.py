"""Rows of a JSON file: a list of objects, or one object after another; read as it streams."""

import json
from collections.abc import Iterator
from io import TextIOWrapper
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from services.membership.registers.encoding import MAX_LINE, UnreadableFile, encoding_of
from services.membership.registers.profile import Profile
from services.membership.registers.reader import UNSTORABLE, BrokenRow, Row, clean

_CHUNK = 65_536
_BETWEEN = " \t\r\n,[]"


class JsonFile:
    """A register's JSON file, opened; a context manager with the same rows as a delimited one.

    Raises on opening:
        UnreadableFile: when it is missing, empty, no JSON objects, or none of them has a column the profile uses.
    """

    def __init__(self, path: Path, profile: Profile) -> None:
        self._path = path
        self._encoding = encoding_of(path, profile.file.encoding)
        self._names = profile.mapped_columns()
        self.columns = [" ".join(name.split()) for name in self._names]
        self.size = path.stat().st_size
        self.position = 0
        self._refuse_missing()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Each reading closes the file itself."""

    def rows(self) -> Iterator[Row | BrokenRow]:
        """Every object, in the file's order, with the line it begins on."""
        for line, found in self._objects():
            cells = [_text(found.get(name)) for name in self._names]
            if any(cell is None for cell in cells):
                nested = next(name for name, cell in zip(self._names, cells, strict=True) if cell is None)
                yield BrokenRow(line, "nested_value", [], {"column": nested})
            elif any(UNSTORABLE.search(cell or "") for cell in cells):
                yield BrokenRow(line, "nul_character", clean([cell or "" for cell in cells]))
            else:
                yield Row(line, [" ".join((cell or "").split()) for cell in cells])

    def _refuse_missing(self) -> None:
        """Read all of it once, so that a file which ends in the middle is refused before anything is taken in."""
        missing = set(self._names)
        count = 0
        for _, found in self._objects():
            count += 1
            missing.difference_update(found)
        if not count:
            raise UnreadableFile(f"{self._path} has no JSON objects; it must be a list of them")
        if missing:
            raise UnreadableFile(f"no object of {self._path} has {', '.join(sorted(map(repr, missing)))}")

    def _objects(self) -> Iterator[tuple[int, dict[str, Any]]]:
        decoder = json.JSONDecoder()
        with self._path.open("rb") as raw, TextIOWrapper(raw, encoding=self._encoding, errors="replace") as text:
            rest, line = "", 1
            while chunk := text.read(_CHUNK):
                self.position = raw.tell()
                rest += chunk
                while True:
                    start = rest.lstrip(_BETWEEN)
                    line += rest.count("\n", 0, len(rest) - len(start))
                    rest = start
                    found, end = self._next(decoder, rest, line)
                    if found is None:
                        break
                    yield line, found
                    line += rest.count("\n", 0, end)
                    rest = rest[end:]
            if rest.strip(_BETWEEN):
                raise UnreadableFile(f"{self._path}, line {line}: the JSON is broken off or wrong here")

    def _next(self, decoder: json.JSONDecoder, rest: str, line: int) -> tuple[dict[str, Any] | None, int]:
        """The object `rest` begins with and where it ends; None while it is not all there."""
        if not rest:
            return None, 0
        if not rest.startswith("{") or len(rest) > MAX_LINE + _CHUNK:
            raise UnreadableFile(f"{self._path}, line {line}: a JSON object must stand here")
        try:
            found, end = decoder.raw_decode(rest)
        except ValueError:
            return None, 0
        assert isinstance(found, dict)
        return found, end


def _text(value: Any) -> str | None:
    """A cell's text; None when the value is no single one."""
    if value is None:
        return ""
    if isinstance(value, list) and all(isinstance(one, str | int | float) for one in value):
        return ", ".join(map(str, value))
    return str(value) if isinstance(value, str | int | float) else None
