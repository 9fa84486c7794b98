"""What people read, in Spanish, English or Portuguese. Code speaks English; a sentence is the key of its translations.

Catalogues are .po files read when first needed, none for English: shared/locale/<language>.po and
services/<service>/locale/<language>.po.
"""

import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Literal, get_args

from babel.messages.pofile import read_po

Language = Literal["es", "en", "pt"]
LANGUAGES: tuple[Language, ...] = get_args(Language)
DEFAULT: Language = "en"

_PREFERENCE = re.compile(
    r"\s*([A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*|\*)\s*(?:;\s*q\s*=\s*(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?))?\s*"
)


def gettext(language: str, message: str, **params: object) -> str:
    """`message` in `language` with its {placeholders} filled; in English where there is no translation.

    A sentence that arrives with its placeholders already filled, as libraries give them, is translated as well.
    """
    catalogue = _catalogue(language)
    if params:
        return catalogue.get(message, message).format(**params)
    return catalogue.get(message) or _refill(language, message)


def language_of(accept_language: str | None, default: Language = DEFAULT) -> Language:
    """The language of ours the header prefers: es-419 and pt-BR count as es and pt, q=0 as a refusal."""
    ranked = sorted(_preferences(accept_language or ""), key=lambda preference: -preference[1])
    wanted = [tag for tag, quality in ranked if quality > 0]
    known: dict[str, Language] = {language: language for language in LANGUAGES}
    return next((known[tag] for tag in wanted if tag in known), default)


def _preferences(header: str) -> Iterable[tuple[str, float]]:
    for part in header[:500].split(","):
        if match := _PREFERENCE.fullmatch(part):
            yield match[1].split("-")[0].lower(), float(match[2] or 1)


@cache
def _catalogue(language: str) -> dict[str, str]:
    root = Path(__file__).resolve().parent.parent
    files = [*root.glob(f"shared/locale/{language}.po"), *sorted(root.glob(f"services/*/locale/{language}.po"))]
    return {key: text for file in files for key, text in _entries(file).items()}


def _entries(file: Path) -> dict[str, str]:
    with file.open("rb") as stream:
        return {str(entry.id): str(entry.string) for entry in read_po(stream) if entry.id and entry.string}


@cache
def _shapes(language: str) -> list[tuple[re.Pattern[str], str]]:
    """Sentences with placeholders as patterns that recognise them filled, the most literal first."""
    filled = [(key, text) for key, text in _catalogue(language).items() if "{" in key]
    filled.sort(key=lambda entry: -len(re.sub(r"{\w+}", "", entry[0])))
    return [(_shape(key), text) for key, text in filled]


def _shape(key: str) -> re.Pattern[str]:
    literals = re.split(r"{(\w+)}", key)
    parts = (f"(?P<{part}>.+)" if i % 2 else re.escape(part) for i, part in enumerate(literals))
    return re.compile("".join(parts), re.DOTALL)


def _refill(language: str, message: str) -> str:
    for shape, text in _shapes(language):
        if match := shape.fullmatch(message):
            return text.format(**match.groupdict())
    return message
