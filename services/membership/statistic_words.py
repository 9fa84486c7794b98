"""What is said about figures that look odd; each sentence is the key of its translations."""

from collections.abc import Mapping
from typing import Any

from shared.i18n import Language, gettext

FIGURES = {"persons": "Persons represented", "workers": "Workers", "turnover": "Turnover"}

WARNINGS = {
    "risen": "{label}: {percent} % more than the year before ({before}, now {after}).",
    "fallen": "{label}: {percent} % less than the year before ({before}, now {after}).",
    "gone": "{label}: nothing any more; the year before it was {before}.",
    "new": "{label}: {after}; the year before it was nothing.",
    "other_currency": "{label}: in {after}; the year before it was in {before}, so they can't be compared.",
}


def explain_warning(warning: Mapping[str, Any], language: Language) -> str:
    """The warning as a sentence in `language`."""
    label = gettext(language, FIGURES[warning["figure"]])
    return gettext(language, WARNINGS[warning["code"]], **warning["params"], label=label)
