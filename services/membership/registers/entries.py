"""What a row of a register says, once the profile has explained it."""

import re
from datetime import date, datetime
from functools import lru_cache
from hashlib import blake2b

import msgspec
from babel import Locale

from services.membership.identifiers import Kind, read_identifier
from services.membership.languages import language_of_country
from services.membership.names import fold
from services.membership.registers.profile import Profile, is_country, listed

MAX_LENGTH = 500
"""Characters of any one field; registers have shorter ones, and the database's indexes an end."""

_EMAIL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9](?:[A-Za-z0-9-]*\.)+[A-Za-z][A-Za-z0-9-]*")
_BETWEEN_EMAILS = re.compile(r"\([^)]*\)|[\s;,/<>]+")
_SMALL = frozenset("and da das de del do dos e el en la las lo los of the y".split())  # noqa: SIM905 -- a word list


class Refusal(Exception):  # noqa: N818 -- the refusal itself, like the domain's
    """A row that can't be taken in, with the column at fault and a code for the reason."""

    def __init__(self, column: str, reason: str, value: str = "") -> None:
        super().__init__(reason)
        self.column, self.reason, self.value = column, reason, value


class Flag(msgspec.Struct, frozen=True):
    """A value that was kept or left out, but should be looked at."""

    column: str
    reason: str
    value: str


class Entry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An organization as its register has it: `contacts` are (email, phone), `identifiers` (scheme, value, valid).

    What has a default was added later; left out of the digest while empty, it changes no older one. `schemes` are all
    the register may give identifiers of, so that one it no longer gives can be taken away.
    """

    key: str
    name: str
    country: str
    subdivision: str
    locality: str
    address: str
    postal_code: str
    website: str
    founded_on: date | None
    sectors: list[str]
    structure: str
    language: str
    identifiers: list[tuple[str, str, bool]]
    schemes: list[str]
    contacts: list[tuple[str, str]]
    flags: list[Flag]
    acronym: str = ""
    trade_names: list[str] = []
    kinds: dict[str, Kind] = {}

    @property
    def digest(self) -> bytes:
        """Changes with anything the register says, or with how its profile understands it."""
        return blake2b(msgspec.json.encode(self), digest_size=16).digest()


class Entries:
    """Reads the rows of one file; `columns` are its header."""

    def __init__(self, profile: Profile, columns: list[str]) -> None:
        self._profile = profile
        self._index = {column: index for index, column in enumerate(columns)}
        self._nulls = {" ".join(null.split()).casefold() for null in profile.file.nulls}
        self._maps = {
            field: {fold(word): listed(meaning) for word, meaning in getattr(profile.values, field).items()}
            for field in ("country", "subdivision", "sectors", "structure", "language")
        }
        self._countries = country_codes(profile.country_names) if profile.country_names else {}
        self._cells: list[str] = []

    def key(self, cells: list[str]) -> str:
        """The register's key of the row, as far as it has one."""
        self._cells = cells
        return self._one("key")

    def read(self, cells: list[str], *, oddly_quoted: bool = False) -> Entry:
        """What the row says.

        Raises:
            Refusal: when something that must be right is not.
        """
        self._cells = cells
        flags = [Flag("", "odd_quoting", "")] if oddly_quoted else []
        country = self._country()
        entry = Entry(
            key=self._required("key"),
            name=self._cased("name", self._required("name")),
            country=country,
            subdivision=self._subdivision(),
            locality=self._cased("locality", self._one("locality")),
            address=self._cased("address", ", ".join(self._several("address"))),
            postal_code=self._postal_code(),
            website=self._one("website"),
            founded_on=self._founded_on(),
            sectors=self._sectors(),
            structure=self._structure(),
            language=self._language(country),
            identifiers=self._identifiers(flags),
            schemes=[one.scheme for one in self._profile.identifiers],
            contacts=self._contacts(flags),
            flags=flags,
            acronym=self._one("acronym"),
            trade_names=self._several("trade_names"),
            kinds={one.scheme: one.kind for one in self._profile.identifiers if one.kind},
        )
        self._refuse_long(entry)
        return entry

    def _cell(self, column: str) -> str:
        value = self._cells[self._index[" ".join(column.split())]]
        return "" if value.casefold() in self._nulls else value

    def _one(self, field: str) -> str:
        column = getattr(self._profile.columns, field)
        return self._cell(column) if column else ""

    def _several(self, field: str) -> list[str]:
        cells = (self._cell(column) for column in listed(getattr(self._profile.columns, field)))
        return [cell for cell in cells if cell]

    def _column(self, field: str) -> str:
        return ", ".join(listed(getattr(self._profile.columns, field)))

    def _required(self, field: str) -> str:
        value = self._one(field)
        if not value:
            raise Refusal(self._column(field), "missing")
        return value

    def _meaning(self, field: str, value: str, otherwise: list[str]) -> list[str]:
        meaning = self._maps[field].get(fold(value), otherwise)
        if not meaning:
            raise Refusal(self._column(field), "unknown_value", value)
        return meaning

    def _country(self) -> str:
        value = self._one("country") or self._profile.constants.country or ""
        if not value:
            raise Refusal(self._column("country"), "missing")
        if is_country(value) and fold(value) not in self._maps["country"]:
            return value
        return self._meaning("country", value, listed(self._countries.get(fold(value))))[0]

    def _subdivision(self) -> str:
        value = self._one("subdivision")
        if value and self._maps["subdivision"]:
            return self._meaning("subdivision", value, [])[0]
        return self._cased("subdivision", value)

    def _sectors(self) -> list[str]:
        otherwise = listed(self._profile.otherwise.sectors)
        found = [code for word in self._sector_words() for code in self._meaning("sectors", word, otherwise)]
        return list(dict.fromkeys(found or listed(self._profile.constants.sectors)))

    def _sector_words(self) -> list[str]:
        cells = self._several("sectors")
        if separator := self._profile.sector_separator:
            return [word.strip() for cell in cells for word in cell.split(separator) if word.strip()]
        return cells

    def _structure(self) -> str:
        value = self._one("structure")
        if not value:
            return self._profile.constants.structure or ""
        return self._meaning("structure", value, listed(self._profile.otherwise.structure))[0]

    def _language(self, country: str) -> str:
        value = self._one("language")
        if value:
            return self._meaning("language", value, [])[0]
        return self._profile.constants.language or language_of_country(country)

    def _founded_on(self) -> date | None:
        value = self._one("founded_on")
        if not value:
            return None
        try:
            return _day(value, self._profile.dates.format)
        except ValueError as error:
            raise Refusal(self._column("founded_on"), "bad_date", value) from error

    def _postal_code(self) -> str:
        value = self._one("postal_code")
        width = self._profile.zero_fill.get("postal_code", 0)
        return value.zfill(width) if value.isdigit() else value

    def _cased(self, field: str, value: str) -> str:
        return title_case(value) if field in self._profile.title_case and value.isupper() else value

    def _identifiers(self, flags: list[Flag]) -> list[tuple[str, str, bool]]:
        found: dict[tuple[str, str], bool] = {}
        for one in self._profile.identifiers:
            written = self._cell(one.column)
            if not written:
                continue
            value, valid = read_identifier(one.scheme, written)
            found[one.scheme, value] = valid
            if not valid:
                flags.append(Flag(one.column, "bad_identifier", written))
        return [(scheme, value, valid) for (scheme, value), valid in found.items()]

    def _contacts(self, flags: list[Flag]) -> list[tuple[str, str]]:
        emails: list[str] = []
        for column in listed(self._profile.columns.emails):
            good, bad = read_emails(self._cell(column))
            emails += good
            flags += [Flag(column, "bad_email", text) for text in bad]
        phone = " / ".join(self._several("phone"))
        if not emails:
            return [("", phone)] if phone else []
        first, *others = dict.fromkeys(emails)
        return [(first, phone), *((email, "") for email in others)]

    def _refuse_long(self, entry: Entry) -> None:
        for field in ("key", "name", "acronym", "subdivision", "locality", "address", "postal_code", "website"):
            if len(getattr(entry, field)) > MAX_LENGTH:
                raise Refusal(self._column(field), "too_long", f"{getattr(entry, field)[:60]}…")
        for scheme, value, _ in entry.identifiers:
            if len(value) > MAX_LENGTH:
                raise Refusal(scheme, "too_long", f"{value[:60]}…")


def read_emails(cell: str) -> tuple[list[str], list[str]]:
    """The addresses in a cell, and what stands there that is none; remarks in parentheses are neither."""
    good: list[str] = []
    bad: list[str] = []
    for piece in _BETWEEN_EMAILS.split(cell):
        text = piece.strip(".:'\"")
        if _EMAIL.fullmatch(text) and len(text) <= 254:  # noqa: PLR2004 -- RFC 5321's longest
            local, _, domain = text.partition("@")
            good.append(f"{local}@{domain.lower()}")
        elif piece:
            bad.append(piece)
    return (good, bad) if any("@" in piece for piece in bad) or good else (good, [cell] if bad else [])


def title_case(text: str) -> str:
    """PUERTO DE LA CRUZ -> Puerto de la Cruz."""
    words = text.split(" ")
    cased = [word.lower() if word.lower() in _SMALL else word.capitalize() for word in words]
    return " ".join([words[0].capitalize(), *cased[1:]])


@lru_cache(maxsize=8192)
def _day(text: str, form: str) -> date:
    return datetime.strptime(text, form).date()  # noqa: DTZ007 -- a day has no time zone


@lru_cache(maxsize=4)
def country_codes(language: str) -> dict[str, str]:
    """Country codes by folded name in one language."""
    names = Locale(language).territories
    return {fold(name): code for code, name in names.items() if is_country(code)}
