"""What comms writes: a text per purpose and language. The first line is the subject; $names are filled in."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from importlib.resources import files
from string import Template

from babel.dates import format_date
from babel.numbers import format_currency

from shared.i18n import language_of
from shared.money import Money

Value = str | date | Money | None
"""What stands for a name of a template."""


@dataclass(frozen=True)
class Letter:
    """A text ready to be sent."""

    language: str
    subject: str
    text: str


def render(purpose: str, language: str, **values: Value) -> Letter:
    """The letter for `purpose` in the language, or in English where we have no such language (BCP 47; es-AR is es).

    A paragraph that names an empty value is left out.
    """
    spoken = language_of(language)
    shown = {name: _show(value, spoken) for name, value in values.items()}
    subject, *paragraphs = _template(purpose, spoken)
    told = [each.substitute(shown) for each in paragraphs if all(shown[name] for name in each.get_identifiers())]
    return Letter(language=spoken, subject=subject.substitute(shown).strip(), text="\n\n".join(told) + "\n")


def _show(value: Value, language: str) -> str:
    if isinstance(value, date):
        return format_date(value, "long", locale=language)
    if isinstance(value, Money):
        return format_currency(Decimal(value.amount), value.currency, locale=language)
    # A name with a line break would move the border between subject and text.
    return " ".join((value or "").split())


@cache
def _template(purpose: str, language: str) -> list[Template]:
    """The subject, then each paragraph."""
    text = (files(__package__) / purpose / f"{language}.txt").read_text(encoding="utf-8")
    return [Template(part.strip("\n")) for part in text.split("\n\n")]
