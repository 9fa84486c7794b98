"""The Alliance's words for economic activities and structures, from vocabulary.toml."""

import tomllib
from pathlib import Path

import msgspec

from shared.i18n import Language


class Term(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A code's name in three languages, and its code in the ESSGlobal vocabulary."""

    ica: str
    en: str
    es: str
    pt: str

    def name(self, language: Language) -> str:
        return str(getattr(self, language))


class _Vocabulary(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    sectors: dict[str, Term]
    structures: dict[str, Term]


_vocabulary = msgspec.convert(tomllib.loads((Path(__file__).with_suffix(".toml")).read_text("utf-8")), _Vocabulary)

SECTORS = _vocabulary.sectors
"""Economic activities by code."""

STRUCTURES = _vocabulary.structures
"""Structures by code."""
