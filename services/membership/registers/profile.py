"""Profiles: how a register's file is written, said in TOML. docs/registry-profiles.md is their manual."""

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from services.membership.identifiers import SCHEME, Kind
from services.membership.names import fold
from services.membership.vocabulary import SECTORS, STRUCTURES
from shared.i18n import Language

SHIPPED = Path(__file__).parent.parent / "profiles"

Format = Literal["delimited", "json"]
Encoding = Literal["detect", "utf-8", "windows-1252", "utf-16", "iso-8859-1"]
Text = Annotated[str, msgspec.Meta(min_length=1)]
Columns = Text | list[Text]
Choice = Text | list[Text]
TextField = Literal["name", "subdivision", "locality", "address"]


class ProfileError(Exception):
    """A profile that can't be used; the text says where it is wrong and what would be right."""


class FileForm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """[file]: bytes to cells."""

    encoding: Encoding = "detect"
    delimiter: Annotated[str, msgspec.Meta(min_length=1, max_length=1)] = ","
    quote: Annotated[str, msgspec.Meta(max_length=1)] = '"'
    skip_lines: Annotated[int, msgspec.Meta(ge=0)] = 0
    header: bool = True
    column_names: list[Text] = []
    trailing_delimiters: bool = False
    nulls: list[Text] = []
    format: Format = "delimited"


class ColumnMap(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """[columns]: which column, or columns in a row, hold what."""

    key: Text
    name: Text
    acronym: Text | None = None
    trade_names: Columns | None = None
    country: Text | None = None
    subdivision: Text | None = None
    locality: Text | None = None
    address: Columns | None = None
    postal_code: Text | None = None
    website: Text | None = None
    founded_on: Text | None = None
    sectors: Columns | None = None
    structure: Text | None = None
    language: Text | None = None
    emails: Columns | None = None
    phone: Columns | None = None


class Constants(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """[constants]: what is the same for every row."""

    country: Text | None = None
    language: Language | None = None
    structure: Text | None = None
    sectors: Choice | None = None


class Dates(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """[dates]: how days are written, in strptime's letters."""

    format: Text = "%Y-%m-%d"


class IdentifierColumn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """[[identifiers]]: a column whose values belong to an org-id.guide list."""

    scheme: Text
    column: Text
    kind: Kind | None = None


class ValueMaps(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """[values.FIELD]: the register's words to ours."""

    country: dict[str, Text] = {}
    subdivision: dict[str, Text] = {}
    sectors: dict[str, Choice] = {}
    structure: dict[str, Text] = {}
    language: dict[str, Language] = {}


class Otherwise(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """[otherwise]: what a value means that its map doesn't name."""

    sectors: Choice | None = None
    structure: Text | None = None


class Profile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One register's file."""

    registry: Annotated[str, msgspec.Meta(pattern="^[a-z0-9][a-z0-9-]{1,40}$")]
    title: str = ""
    file: FileForm = FileForm()
    columns: ColumnMap
    constants: Constants = Constants()
    dates: Dates = Dates()
    identifiers: list[IdentifierColumn] = []
    values: ValueMaps = ValueMaps()
    otherwise: Otherwise = Otherwise()
    country_names: Language | None = None
    sector_separator: Text | None = None
    title_case: list[TextField] = []
    zero_fill: dict[Literal["postal_code"], Annotated[int, msgspec.Meta(ge=1, le=20)]] = {}

    def mapped_columns(self) -> list[str]:
        """Every column of the file the profile uses, once."""
        fields = (getattr(self.columns, field) for field in self.columns.__struct_fields__)
        named = [column for value in fields if value for column in listed(value)]
        return list(dict.fromkeys([*named, *(one.column for one in self.identifiers)]))


def listed(value: str | list[str] | None) -> list[str]:
    """One or several, as a list."""
    if value is None:
        return []
    return [value] if isinstance(value, str) else value


def shipped() -> list[str]:
    """Names of the profiles that come with the product."""
    return sorted(path.stem for path in SHIPPED.glob("*.toml"))


def load_profile(name_or_file: str) -> Profile:
    """The shipped profile of that name, or the one in that file.

    Raises:
        ProfileError: when there is none, or it is wrong.
    """
    path = SHIPPED / f"{name_or_file}.toml" if name_or_file in shipped() else Path(name_or_file)
    if not path.is_file():
        raise ProfileError(
            f"no profile {name_or_file!r}: give one of {', '.join(shipped())}, or the path of a .toml file "
            "(docs/registry-profiles.md says how to write one)"
        )
    try:
        return read_profile(path.read_text("utf-8-sig"))
    except (UnicodeDecodeError, ProfileError) as error:
        raise ProfileError(f"{path}: {error}") from error


def read_profile(text: str) -> Profile:
    """The profile written in `text`.

    Raises:
        ProfileError: when it is no TOML, has an unknown or missing entry, or contradicts itself.
    """
    try:
        profile = msgspec.convert(tomllib.loads(text), Profile)
    except tomllib.TOMLDecodeError as error:
        raise ProfileError(f"not TOML: {error}") from error
    except msgspec.ValidationError as error:
        raise ProfileError(_plain(str(error))) from error
    for problem in _problems(profile):
        raise ProfileError(problem)
    return profile


def _plain(message: str) -> str:
    """`Expected `int`, got `str` - at `$.file.skip_lines`` -> [file] skip_lines: expected `int`, got `str`."""
    what, _, where = message.partition(" - at `$")
    section, _, field = where.strip("`").lstrip(".").rpartition(".")
    place = f"[{section}] {field}: " if section else f"{field}: " if field else ""
    known = _known_fields(section, field)
    hint = f"; known here: {', '.join(known)}" if "unknown field" in what else ""
    return place + what[:1].lower() + what[1:] + hint


def _known_fields(section: str, field: str) -> tuple[str, ...]:
    sections: dict[str, type[msgspec.Struct]] = {
        "": Profile,
        "file": FileForm,
        "columns": ColumnMap,
        "constants": Constants,
        "dates": Dates,
        "values": ValueMaps,
        "otherwise": Otherwise,
        "identifiers[...]": IdentifierColumn,
    }
    return sections.get(section or field, Profile).__struct_fields__


def _problems(profile: Profile) -> Iterator[str]:
    yield from _file_problems(profile)
    yield from _word_problems(profile)
    if not (profile.columns.country or profile.constants.country):
        yield "country: give [columns] country, or [constants] country for a register of one country"
    if "%" not in profile.dates.format:
        yield f'[dates] format: {profile.dates.format!r} has no % in it; 31/12/2024 is "%d/%m/%Y"'
    for one in profile.identifiers:
        if not SCHEME.fullmatch(one.scheme):
            yield f"[[identifiers]] scheme: {one.scheme!r} is no org-id.guide list code such as AR-CUIT"
    for code in (profile.constants.country, *profile.values.country.values()):
        if code is not None and not is_country(code):
            yield f"country: {code!r} is no ISO 3166-1 alpha-2 code such as AR"


def _file_problems(profile: Profile) -> Iterator[str]:
    form = profile.file
    if form.header and form.column_names:
        yield "[file] column_names: only for files without a header; set header = false or remove it"
    if not form.header and not form.column_names:
        yield "[file] column_names: list all columns of a file without a header, in their order"
    if form.quote == form.delimiter:
        yield "[file] quote: the same character as the delimiter"
    if form.delimiter in "\r\n" or form.quote in {"\r", "\n"}:
        yield "[file] delimiter, quote: a line break can't be either"
    if not form.header:
        missing = [column for column in profile.mapped_columns() if column not in form.column_names]
        if missing:
            yield f"[columns]: {', '.join(missing)} not among [file] column_names"


def _word_problems(profile: Profile) -> Iterator[str]:
    sectors = [profile.constants.sectors, profile.otherwise.sectors, *profile.values.sectors.values()]
    structures = [profile.constants.structure, profile.otherwise.structure, *profile.values.structure.values()]
    for code in (code for choice in sectors for code in listed(choice)):
        if code not in SECTORS:
            yield f"sectors: {code!r} is not one of {', '.join(SECTORS)}"
    for structure in structures:
        if structure is not None and structure not in STRUCTURES:
            yield f"structure: {structure!r} is not one of {', '.join(STRUCTURES)}"
    for field in ("country", "subdivision", "sectors", "structure", "language"):
        folded = [fold(word) for word in getattr(profile.values, field)]
        for word in sorted({word for word in folded if folded.count(word) > 1}):
            yield f"[values.{field}]: {word!r} stands there twice, accents and case aside"


def is_country(code: str) -> bool:
    """Two capital letters; which ones is the register's business, and XX stands for no single country."""
    return len(code) == 2 and code.isascii() and code.isalpha() and code.isupper()  # noqa: PLR2004 -- alpha-2
