"""The Alliance's words for economic activities and structures, from vocabulary.toml."""

import tomllib
from pathlib import Path

import msgspec

from shared.i18n import Language


class Term(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A code's name in three languages, its code in the ESSGlobal vocabulary, and the degree of a structure."""

    en: str
    es: str
    pt: str
    ica: str = ""
    degree: str = ""

    def name(self, language: Language) -> str:
        return str(getattr(self, language))


class _Vocabulary(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    sectors: dict[str, Term]
    structures: dict[str, Term]
    degrees: dict[str, Term]
    contact_roles: dict[str, Term]


_vocabulary = msgspec.convert(tomllib.loads((Path(__file__).with_suffix(".toml")).read_text("utf-8")), _Vocabulary)

SECTORS = _vocabulary.sectors
"""Economic activities by code."""

STRUCTURES = _vocabulary.structures
"""Structures by code."""

DEGREES = _vocabulary.degrees
"""First degree has people as members, second cooperatives, third federations."""

CONTACT_ROLES = _vocabulary.contact_roles
"""What somebody answers for."""


def degree_of(structure: str) -> str:
    """The degree that follows from the structure; "" where none does."""
    known = STRUCTURES.get(structure)
    return known.degree if known else ""
