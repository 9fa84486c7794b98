"""Dues as a pure function of a formula and what is known of a member: `assess(formula, inputs)`.

A formula is data (see `read_formula`), so that any past year can be computed again and any future one tried. Full
members pay on the persons they represent, associates a flat amount: https://ica.coop, "Who can join". The Alliance
does not publish its rates; `EXAMPLE` is an example and nobody's tariff.
"""

from services.membership.dues.assessing import (
    Assessment,
    Discount,
    Inputs,
    Kind,
    Line,
    PersonsUnknown,
    assess,
)
from services.membership.dues.formula import (
    EXAMPLE,
    AmountNotOfCurrency,
    BracketsNotAscending,
    CapBelowMinimum,
    Formula,
    GivenTwice,
    Mode,
    NotRound,
    RoundingUnitMissing,
    Terms,
    read_formula,
)

__all__ = [
    "EXAMPLE",
    "AmountNotOfCurrency",
    "Assessment",
    "BracketsNotAscending",
    "CapBelowMinimum",
    "Discount",
    "Formula",
    "GivenTwice",
    "Inputs",
    "Kind",
    "Line",
    "Mode",
    "NotRound",
    "PersonsUnknown",
    "RoundingUnitMissing",
    "Terms",
    "assess",
    "read_formula",
]
