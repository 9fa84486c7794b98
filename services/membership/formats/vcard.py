"""vCard 4.0 (RFC 6350): escaping, folding, and the properties an address book of organizations needs. Pure."""

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from uuid import UUID

MEDIA_TYPE = "text/vcard; charset=utf-8"

_LONGEST_LINE = 75
"""Octets before a line is folded, its end not counted."""

_CHUNK = 16_384

_ESCAPES = str.maketrans({"\\": "\\\\", ",": "\\,", ";": "\\;", "\n": "\\n"})
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_GLOBAL_NUMBER = re.compile(r"\+[\d\s()./-]+")
_DIGITS = range(6, 16)
"""How many digits a telephone number with its country code has (ITU-T E.164)."""


def card(kind: str, uid: UUID, properties: Iterable[tuple[str, str]]) -> bytes:
    """One card; `properties` are names, with their parameters, and values as they stand in the file."""
    head = [("BEGIN", "VCARD"), ("VERSION", "4.0"), ("KIND", kind), ("UID", urn(uid))]
    lines = [*head, *((name, value) for name, value in properties if value), ("END", "VCARD")]
    return "".join(fold(f"{name}:{value}") for name, value in lines).encode()


def gathered(cards: Iterable[bytes]) -> Iterator[bytes]:
    """The cards in pieces of some kilobytes."""
    piece = bytearray()
    for one in cards:
        piece += one
        if len(piece) > _CHUNK:
            yield bytes(piece)
            piece.clear()
    yield bytes(piece)


def fold(line: str) -> str:
    """The line with its end, folded after at most 75 octets and never within a character."""
    if len(line.encode()) <= _LONGEST_LINE:
        return f"{line}\r\n"
    folded, octets = [], 0
    for character in line:
        size = len(character.encode())
        if octets + size > _LONGEST_LINE:
            folded.append("\r\n ")
            octets = 1
        folded.append(character)
        octets += size
    return "".join([*folded, "\r\n"])


def text(value: str) -> str:
    """A text as a value, or as a part of one."""
    return _CONTROLS.sub("", value.replace("\r\n", "\n").replace("\r", "\n")).translate(_ESCAPES)


def parts(*values: str) -> str:
    """A value of several parts in a fixed order, as an address has them; "" when all are empty."""
    return ";".join(text(value) for value in values) if any(values) else ""


def several(values: Iterable[str]) -> str:
    """A value that is a list."""
    return ",".join(text(value) for value in values)


def uri(value: str) -> str:
    """An address as a value; it needs no escapes, and has neither spaces nor line ends."""
    return re.sub(r"[\x00-\x20\x7f]", "", value)


def urn(uid: UUID) -> str:
    return f"urn:uuid:{uid}"


def telephone(number: str) -> tuple[str, str]:
    """A number as property and value: a tel: URI where it has its country code, else the text as it was given."""
    digits = re.sub(r"\D", "", number)
    if _GLOBAL_NUMBER.fullmatch(number.strip()) and len(digits) in _DIGITS:
        return "TEL;VALUE=uri;TYPE=work", f"tel:+{digits}"
    return "TEL;VALUE=text;TYPE=work", text(number)


def timestamp(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
