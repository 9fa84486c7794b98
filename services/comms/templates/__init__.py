"""What comms writes: a text per purpose and language. The first line is the subject; $names are filled in."""

from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from string import Template

from babel.dates import format_date

from shared.i18n import language_of


@dataclass(frozen=True)
class Letter:
    """A text ready to be sent."""

    language: str
    subject: str
    text: str


def render(purpose: str, language: str, **values: str | date) -> Letter:
    """The letter for `purpose` in the language, or in English where we have no such language (BCP 47; es-AR is es)."""
    spoken = language_of(language)
    shown = {name: _show(value, spoken) for name, value in values.items()}
    subject, _, text = _template(purpose, spoken).substitute(shown).partition("\n")
    return Letter(language=spoken, subject=subject.strip(), text=text.strip() + "\n")


def _show(value: str | date, language: str) -> str:
    # A name with a line break would move the border between subject and text.
    return format_date(value, "long", locale=language) if isinstance(value, date) else " ".join(value.split())


@cache
def _template(purpose: str, language: str) -> Template:
    return Template((files(__package__) / purpose / f"{language}.txt").read_text(encoding="utf-8"))
