"""The directory of members as rows and as cards, from members with their organization and contacts. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache

from babel import Locale

from services.membership.formats import vcard
from services.membership.formats.table import Column, Value
from services.membership.model import Contact, Member, Organization
from services.membership.vocabulary import CONTACT_ROLES, SECTORS
from shared.contracts.membership import Standing
from shared.i18n import Language, gettext

CATEGORIES = {"full": "Full member", "associate": "Associate member"}
"""What members are called; the words are the keys of their translations."""

_SEVERAL = "; "
_HOW = ("name", "email", "phone")


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """A member as the directory has it: its standing on the day `standing_on`, and when anything of it last changed."""

    member: Member
    standing: Standing
    standing_on: date
    changed_at: datetime

    @property
    def organization(self) -> Organization:
        return self.member.organization


COLUMNS: Sequence[Column] = (
    Column("member_id", description="UUID of the membership"),
    Column("organization_id", description="UUID of the organization"),
    Column("name"),
    Column("acronym"),
    Column("trade_names", description="several are parted by '; '"),
    Column("category", description="full or associate"),
    Column("standing", description="current, grace, suspended, resigned or terminated"),
    Column("standing_on", "date", "the day the standing is of"),
    Column("admitted_on", "date"),
    Column("country", description="ISO 3166-1 alpha-2"),
    Column("subdivision"),
    Column("locality"),
    Column("address"),
    Column("postal_code"),
    Column("website"),
    Column("sectors", description="codes of /v1/vocabulary, parted by '; '"),
    Column("structure", description="code of /v1/vocabulary"),
    Column("degree", description="primary, secondary or tertiary"),
    Column("founded_on", "date"),
    Column("language", description="the one it is written to in: es, en or pt"),
    Column("languages", description="BCP 47, parted by '; '"),
    Column("identifiers", description="as org-id.guide has them, list and number, parted by '; '"),
    *(
        Column(f"{role}_{how}", description=f"of the contacts with the role {role}, in one order, parted by '; '")
        for role in CONTACT_ROLES
        for how in _HOW
    ),
)
"""What is personal stands last, so that it is easily left away."""


def row(entry: Entry) -> list[Value]:
    """The entry's values by `COLUMNS`."""
    member, known = entry.member, entry.organization
    return [
        str(member.id),
        str(known.id),
        known.name,
        known.acronym,
        _SEVERAL.join(known.trade_names),
        member.category,
        entry.standing,
        entry.standing_on,
        member.admitted_on,
        known.country,
        known.subdivision,
        known.locality,
        known.address,
        known.postal_code,
        known.website,
        _SEVERAL.join(known.sectors),
        known.structure,
        known.degree,
        known.founded_on,
        known.language,
        _SEVERAL.join(known.languages),
        _SEVERAL.join(f"{one.scheme}-{one.value}" for one in known.identifiers),
        *_contacts(known.contacts),
    ]


def _contacts(contacts: Iterable[Contact]) -> Iterator[str]:
    known = list(contacts)
    for role in CONTACT_ROLES:
        theirs = [one for one in known if one.role == role]
        for how in _HOW:
            values = [getattr(one, how) for one in theirs]
            yield _SEVERAL.join(values) if any(values) else ""


def cards(entry: Entry, language: Language) -> Iterator[bytes]:
    """The organization's card, then one for each person who acts for it; ways without a name are the organization's."""
    known = entry.organization
    people = [one for one in known.contacts if one.name]
    yield vcard.card("org", known.id, [*_describe(entry, language), *_reach(known.contacts, people)])
    for person in people:
        yield vcard.card("individual", person.id, _present(person, known, language))


def _describe(entry: Entry, language: Language) -> Iterator[tuple[str, str]]:
    known = entry.organization
    yield "FN", vcard.text(known.name)
    yield "ORG", vcard.text(known.name)
    yield "NICKNAME", vcard.several([one for one in (known.acronym, *known.trade_names) if one])
    country = country_name(known.country, language)
    place = (known.address, known.locality, known.subdivision, known.postal_code, country)
    yield "ADR;TYPE=work", vcard.parts("", "", *place)
    yield "URL", vcard.uri(known.website)
    for rank, tongue in enumerate(dict.fromkeys((known.language, *known.languages)), start=1):
        yield f"LANG;PREF={min(rank, 100)}", tongue
    sectors = [SECTORS[code].name(language) for code in known.sectors if code in SECTORS]
    yield "CATEGORIES", vcard.several([gettext(language, CATEGORIES[entry.member.category]), *sectors])
    yield "REV", vcard.timestamp(entry.changed_at)


def _reach(contacts: Iterable[Contact], people: Sequence[Contact]) -> Iterator[tuple[str, str]]:
    for contact in contacts:
        if not contact.name:
            yield from _ways(contact)
    for person in people:
        yield "RELATED;TYPE=contact", vcard.urn(person.id)


def _present(person: Contact, acts_for: Organization, language: Language) -> Iterator[tuple[str, str]]:
    yield "FN", vcard.text(person.name)
    yield "ORG", vcard.text(acts_for.name)
    role = CONTACT_ROLES.get(person.role)
    yield "ROLE", vcard.text(role.name(language) if role else person.role)
    yield from _ways(person)
    yield "LANG;PREF=1", person.language
    yield "RELATED;TYPE=agent", vcard.urn(acts_for.id)


def _ways(contact: Contact) -> Iterator[tuple[str, str]]:
    yield "EMAIL;TYPE=work", vcard.text(contact.email)
    yield vcard.telephone(contact.phone)


@lru_cache(maxsize=1024)
def country_name(code: str, language: Language) -> str:
    """What a country is called; its code where it has no name."""
    return str(Locale(language).territories.get(code, code))
