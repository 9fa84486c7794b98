"""Identifiers by their org-id.guide list code (AR-CUIT), checked where python-stdnum knows the country's numbers."""

import re
from functools import cache
from types import ModuleType
from typing import Literal

from stdnum.exceptions import ValidationError
from stdnum.util import get_cc_module

SCHEME = re.compile(r"[A-Z]{2}-[A-Z0-9]{2,20}")

Kind = Literal["tax", "registration", "decree", "other"]
"""What a number is of: the tax office, a register, the act that made organizations lawful, anything else."""

IDENTITY: frozenset[Kind] = frozenset({"tax", "registration"})
"""Kinds whose numbers are one organization's alone; one decree may make several."""


def kind_of(scheme: str) -> Kind:
    """What a scheme's numbers are of, when nobody said: those that can be checked are the tax offices'."""
    return "tax" if _checker(scheme) else "registration"


def read_identifier(scheme: str, text: str) -> tuple[str, bool]:
    """The value as the scheme writes it, and whether it may be taken for identity.

    It may not when its check digit or form is wrong, or when it is one digit over and over, which people enter to get
    past a form. A scheme nobody can check is taken as it is.
    """
    value = " ".join(text.split())
    checker = _checker(scheme)
    if checker is None:
        return value, bool(value)
    try:
        number = str(checker.validate(value))
    except ValidationError:
        return value, False
    return number, len(set(number)) > 1


def bare(text: str) -> str:
    """As the checked schemes store it: letters and digits alone."""
    return "".join(letter for letter in text if letter.isalnum()).upper()


@cache
def _checker(scheme: str) -> ModuleType | None:
    country, _, number = scheme.lower().partition("-")
    module = get_cc_module(country, number)
    return module if isinstance(module, ModuleType) else None
