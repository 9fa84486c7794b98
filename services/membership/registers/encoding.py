"""Which encoding a file is written in, found out by reading all of it once, without keeping it."""

from dataclasses import dataclass
from pathlib import Path

from services.membership.registers.profile import Encoding

MAX_LINE = 1_000_000
"""Characters of a line; what has longer ones is no delimited text."""

_MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_OTHER_FORMATS = (
    (b"PK\x03\x04", "a spreadsheet or zip archive; save the sheet as CSV, or unpack it"),
    (b"\xd0\xcf\x11\xe0", "an old Excel sheet; save it as CSV"),
    (b"\x1f\x8b", "compressed with gzip; unpack it"),
    (b"%PDF", "a PDF"),
)


class UnreadableFile(Exception):  # noqa: N818 -- the refusal itself, like the domain's
    """A file that can't be read as the profile says; the text says why and what to do."""


@dataclass(frozen=True, kw_only=True)
class _Survey:
    """How many lines go beyond ASCII, and of those how many are UTF-8."""

    utf8: int
    other: int
    first_other: int


def encoding_of(path: Path, wanted: Encoding) -> str:
    """Python's name of the encoding to read `path` with.

    Lines that are not in it are for the reader to refuse one by one; here only a file that is not in it at all is.

    Raises:
        UnreadableFile: when there is no such file, nothing in it, another format, or plainly another encoding.
    """
    mark = _marked(path)
    if mark and (wanted == "detect" or mark.startswith(wanted)):
        return mark
    if wanted == "utf-16" or (mark == "utf-16" and wanted != "detect"):
        raise UnreadableFile(f'{path} is not {wanted} as the profile says; set [file] encoding = "detect"')
    survey = _survey(path)
    if wanted == "detect":
        return "utf-8" if survey.utf8 >= survey.other else "windows-1252"
    if wanted == "utf-8" and survey.other > survey.utf8:
        raise UnreadableFile(
            f"{path} is not UTF-8 as the profile says (first at line {survey.first_other}); "
            'set [file] encoding = "windows-1252" or "detect"'
        )
    if wanted != "utf-8" and survey.utf8 > survey.other:
        raise UnreadableFile(f'{path} is UTF-8, not {wanted} as the profile says; set [file] encoding = "detect"')
    return wanted


def _marked(path: Path) -> str | None:
    """The encoding the first bytes name, once they are known to be text."""
    if path.is_dir():
        raise UnreadableFile(f"{path} is a folder; give the file itself")
    try:
        with path.open("rb") as file:
            start = file.read(4)
    except OSError as error:
        raise UnreadableFile(f"{path} can't be read: {error.strerror}") from error
    if not start:
        raise UnreadableFile(f"{path} is empty")
    for magic, what in _OTHER_FORMATS:
        if start.startswith(magic):
            raise UnreadableFile(f"{path} is {what}")
    return next((encoding for magic, encoding in _MARKS if start.startswith(magic)), None)


def _survey(path: Path) -> _Survey:
    utf8 = other = first_other = number = 0
    with path.open("rb") as file:
        while line := file.readline(4 * MAX_LINE):
            number += 1
            if line.isascii():
                continue
            if _is_utf8(line):
                utf8 += 1
            else:
                other += 1
                first_other = first_other or number
    return _Survey(utf8=utf8, other=other, first_other=first_other)


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
