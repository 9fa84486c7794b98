"""Rows of a delimited file with the physical lines they begin on; a broken one is told, never shifted or swallowed."""

import csv
import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import TextIOWrapper
from pathlib import Path
from types import TracebackType
from typing import Self

from services.membership.registers.encoding import MAX_LINE, UnreadableFile, encoding_of
from services.membership.registers.profile import FileForm, Profile

MAX_LINES_OF_A_ROW = 100
"""A quoted field that runs over more lines was never closed."""

_TELLING = 3
"""With fewer columns than this, a line of a text may look like a row by chance."""

_ESCAPED_BYTE = re.compile("[\udc80-\udcff]")
UNSTORABLE = re.compile("[\0\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Row:
    """The cells of a row, without spaces around and inside them, as many as the header has.

    `oddly_quoted` when its quotes are not where they should be, but leave no doubt where the cells end.
    """

    line: int
    cells: list[str]
    oddly_quoted: bool = False


@dataclass(frozen=True, slots=True)
class BrokenRow:
    """A row that can't be told apart into its cells, and why: a code and its parameters.

    `pieces` is what stands between its delimiters, which may be cells or parts of them.
    """

    line: int
    reason: str
    pieces: list[str]
    params: dict[str, object] = field(default_factory=dict)


class _NeverClosed(Exception):  # noqa: N818 -- see UnreadableFile
    """A quoted field ran on and on."""


class _Lines:
    """Physical lines, with their numbers, that can be given back."""

    def __init__(self, text: TextIOWrapper) -> None:
        self._text = text
        self._given_back: deque[str] = deque()
        self.taken: list[str] = []
        self.number = 0

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> str:
        if len(self.taken) == MAX_LINES_OF_A_ROW:
            raise _NeverClosed
        line = self._given_back.popleft() if self._given_back else self._text.readline(MAX_LINE)
        if not line:
            raise StopIteration
        self.number += 1
        if len(line) == MAX_LINE:
            raise UnreadableFile(f"line {self.number} has a million characters or more; this is no delimited text")
        self.taken.append(line)
        return line

    def begin_row(self) -> None:
        self.taken.clear()

    def give_back_all_but_first(self) -> None:
        self._given_back.extendleft(reversed(self.taken[1:]))
        self.number -= len(self.taken) - 1
        del self.taken[1:]


class RegisterFile:
    """A register's file, opened; a context manager.

    Raises on opening:
        UnreadableFile: when it is missing, empty, no text, in another encoding, or lacks a column the profile uses.
    """

    def __init__(self, path: Path, profile: Profile) -> None:
        self._form: FileForm = profile.file
        self._encoding = encoding_of(path, profile.file.encoding)
        self.size = path.stat().st_size
        self._bytes = path.open("rb")
        self._text = TextIOWrapper(self._bytes, encoding=self._encoding, errors="surrogateescape", newline="")
        self._lines = _Lines(self._text)
        self._records = csv.reader(
            self._lines,
            delimiter=self._form.delimiter,
            quotechar=self._form.quote or None,
            quoting=csv.QUOTE_MINIMAL if self._form.quote else csv.QUOTE_NONE,
            strict=True,
        )
        try:
            self.columns = self._read_columns(path, profile)
        except BaseException:
            self._text.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._text.close()

    @property
    def position(self) -> int:
        """Bytes read so far, for the progress."""
        return self._bytes.raw.tell()

    def rows(self) -> Iterator[Row | BrokenRow]:
        """Every row that has anything in it, in the file's order; empty ones and delimiters alone are no rows."""
        while True:
            row = self._next_row()
            if row is None:
                return
            if isinstance(row, BrokenRow) or any(row.cells):
                yield row

    def _next_row(self) -> Row | BrokenRow | None:
        self._lines.begin_row()
        line = self._lines.number + 1
        try:
            cells = next(self._records)
        except StopIteration:
            return None
        except (csv.Error, _NeverClosed):
            return self._line_alone(line)
        return self._line_alone(line) if self._swallowed_rows() else self._checked(line, cells)

    def _swallowed_rows(self) -> bool:
        """Whether a quoted field runs over lines that look like rows themselves: then its quote was never closed."""
        expected = len(self.columns)
        return expected >= _TELLING and any(
            line.count(self._form.delimiter) == expected - 1 for line in self._lines.taken[1:]
        )

    def _line_alone(self, line: int) -> Row | BrokenRow:
        """A row with broken quotes, as far as its first physical line makes one: what follows are rows of their own.

        It is taken only when its quotes, read as generously as can be, still make as many cells as the header has.
        """
        self._lines.give_back_all_but_first()
        text = self._lines.taken[0].rstrip("\r\n")
        quote, delimiter = self._form.quote, self._form.delimiter
        generous = next(csv.reader([text], delimiter=delimiter, quotechar=quote))
        if len(generous) != len(self.columns):
            return self._broken(line, "broken_quoting")
        verbatim = text.split(delimiter)
        if len(verbatim) != len(generous):
            return self._checked(line, generous, oddly_quoted=True)
        whole = [cell.removeprefix(quote) if cell.count(quote) % 2 else cell for cell in verbatim]
        return self._checked(line, whole, oddly_quoted=True)

    def _checked(self, line: int, cells: list[str], *, oddly_quoted: bool = False) -> Row | BrokenRow:
        found, expected = len(cells), len(self.columns)
        if found > expected and self._form.trailing_delimiters and not any(map(str.strip, cells[expected:])):
            del cells[expected:]
        if len(cells) != expected and any(map(str.strip, cells)):
            return self._broken(line, "wrong_number_of_fields", expected=expected, found=found)
        text = "".join(cells)
        if not text.isascii() and _ESCAPED_BYTE.search(text):
            return BrokenRow(line, "not_decodable", clean(cells), {"encoding": self._encoding})
        if "\0" in text:
            return BrokenRow(line, "nul_character", clean(cells))
        return Row(line, [" ".join(cell.split()) for cell in cells], oddly_quoted)

    def _broken(self, line: int, reason: str, **params: object) -> BrokenRow:
        """Only the first physical line is given up; what was taken with it may be rows of their own."""
        self._lines.give_back_all_but_first()
        pieces = "".join(self._lines.taken).replace(self._form.quote or "\0", "").split(self._form.delimiter)
        return BrokenRow(line, reason, clean(pieces), params)

    def _read_columns(self, path: Path, profile: Profile) -> list[str]:
        for _ in range(self._form.skip_lines):
            self._lines.begin_row()
            next(self._lines, None)
        columns = self._form.column_names if not self._form.header else self._read_header(path)
        wanted = [" ".join(column.split()) for column in profile.mapped_columns()]
        missing = [column for column in wanted if column not in columns]
        if missing:
            raise UnreadableFile(
                f"{path} has no column {', '.join(map(repr, missing))}; its header (line {self._lines.number}) has "
                f"{', '.join(map(repr, columns))}. Check [columns], and [file] delimiter, skip_lines and encoding"
            )
        twice = [column for column in wanted if columns.count(column) > 1]
        if twice:
            raise UnreadableFile(f"{path} has the column {twice[0]!r} more than once; which one is meant?")
        return columns

    def _read_header(self, path: Path) -> list[str]:
        self._lines.begin_row()
        try:
            header = [" ".join(cell.replace("\0", "").split()) for cell in next(self._records)]
        except StopIteration as error:
            raise UnreadableFile(f"{path} has no header: it ends after {self._lines.number} lines") from error
        except (csv.Error, _NeverClosed) as error:
            raise UnreadableFile(
                f"{path} has no readable header at line {self._lines.number}: broken quoting"
            ) from error
        while header and not header[-1] and self._form.trailing_delimiters:
            header.pop()
        return header


def clean(pieces: list[str]) -> list[str]:
    """What a database can hold of them."""
    return [UNSTORABLE.sub("\N{REPLACEMENT CHARACTER}", " ".join(piece.split())) for piece in pieces]
