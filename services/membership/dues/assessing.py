"""What a member owes by a formula, line by line. Exact throughout: fractions inside, whole minor units outside."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Literal

from services.membership.dues.formula import Bracket, Formula, Rounding
from shared.errors import Rejected
from shared.money import DIGITS, Money

Kind = Literal["base", "bracket", "coefficient", "minimum", "cap", "associate", "discount", "rounding"]
Param = str | int | None
_HALF = Fraction(1, 2)
_HUNDRED = Decimal(100)


class PersonsUnknown(Rejected):
    message = "Without the number of persons represented there are no dues to compute."


@dataclass(frozen=True, kw_only=True)
class Discount:
    """A part of the dues that is waived, in percent; a formula takes off at most what it allows for the code."""

    code: str
    percent: Decimal


@dataclass(frozen=True, kw_only=True)
class Inputs:
    """All that dues depend on beside the formula; `persons` is None where no statistic was accepted."""

    associate: bool
    country: str
    structure: str
    persons: int | None
    discounts: tuple[Discount, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Line:
    """One step from nothing to the amount: how many minor units it adds, and the figures that explain it."""

    kind: Kind
    minor: int
    params: dict[str, Param]


@dataclass(frozen=True, kw_only=True)
class Assessment:
    """What is owed; the lines add up to it exactly."""

    amount: Money
    lines: tuple[Line, ...]


class _Sheet:
    """The lines so far, exact."""

    def __init__(self, currency: str) -> None:
        self.currency = currency
        self.entries: list[tuple[Kind, Fraction, dict[str, Param]]] = []
        self.total = Fraction(0)

    def add(self, kind: Kind, exact: Fraction, **params: Param) -> None:
        self.entries.append((kind, exact, params))
        self.total += exact

    def money(self, minor: int) -> str:
        return Money(minor, self.currency).amount


def assess(formula: Formula, inputs: Inputs) -> Assessment:
    """The dues of one member for one year.

    Each line is shown in whole minor units, rounded by itself; what those roundings and the formula's own make up
    together is the last line.

    Raises:
        PersonsUnknown: for a full member without a statistic, where the formula counts persons.
    """
    sheet = _Sheet(formula.currency)
    if inputs.associate:
        flat = formula.associate_scale.get(inputs.structure)
        structure = None if flat is None else inputs.structure
        sheet.add("associate", Fraction(formula.associate_default if flat is None else flat), structure=structure)
    else:
        _count(sheet, formula, inputs)
    _discount(sheet, formula, inputs.discounts)
    owed = _rounded(sheet.total, formula.rounding)
    lines = [Line(kind=kind, minor=_nearest(exact), params=params) for kind, exact, params in sheet.entries]
    if rest := owed - sum(line.minor for line in lines):
        lines.append(Line(kind="rounding", minor=rest, params={"unit": sheet.money(formula.rounding.unit)}))
    return Assessment(amount=Money(owed, formula.currency), lines=tuple(lines))


def _count(sheet: _Sheet, formula: Formula, inputs: Inputs) -> None:
    if inputs.persons is None and formula.counts_persons:
        raise PersonsUnknown
    if formula.base:
        sheet.add("base", Fraction(formula.base))
    for bracket, persons, last in _filled(formula.brackets, inputs.persons or 0):
        exact = persons * Fraction(bracket.rate) * 10 ** DIGITS[formula.currency]
        begins = bracket.from_persons + 1
        sheet.add("bracket", exact, persons=persons, begins=begins, ends=last, rate=_plain(bracket.rate))
    coefficient = formula.coefficients.get(inputs.country)
    if coefficient is not None:
        change = sheet.total * (Fraction(coefficient) - 1)
        sheet.add("coefficient", change, country=inputs.country, coefficient=_plain(coefficient))
    if sheet.total < formula.minimum:
        sheet.add("minimum", formula.minimum - sheet.total, minimum=sheet.money(formula.minimum))
    if formula.cap is not None and sheet.total > formula.cap:
        sheet.add("cap", formula.cap - sheet.total, cap=sheet.money(formula.cap))


def _filled(brackets: Iterable[Bracket], persons: int) -> Iterable[tuple[Bracket, int, int | None]]:
    """Each bracket somebody is in, with how many and its end; the first one also when it is empty."""
    for bracket, following in pairwise([*brackets, None]):
        assert bracket is not None
        last = following.from_persons if following else None
        within = (persons if last is None else min(persons, last)) - bracket.from_persons
        if within > 0 or bracket.from_persons == 0:
            yield bracket, within, last


def _discount(sheet: _Sheet, formula: Formula, discounts: Iterable[Discount]) -> None:
    """All are percentages of the same amount, and together never more than the whole of it."""
    whole, left = sheet.total, _HUNDRED
    for discount in sorted(discounts, key=lambda one: one.code):
        most = formula.discounts.get(discount.code)
        if most is None:
            continue
        percent = min(discount.percent, most, left)
        left -= percent
        sheet.add("discount", -whole * Fraction(percent) / 100, code=discount.code, percent=_plain(percent))


def _rounded(exact: Fraction, rounding: Rounding) -> int:
    """The multiple of the unit that the mode leads to; amounts to pay are never negative."""
    units = exact / rounding.unit
    below = units.numerator // units.denominator
    rest = units - below
    odd = below % 2 == 1
    up = {
        "half_up": rest >= _HALF,
        "half_even": rest > _HALF or (rest == _HALF and odd),
        "up": rest > 0,
        "down": False,
    }[rounding.mode]
    return (below + up) * rounding.unit


def _nearest(exact: Fraction) -> int:
    """The nearest whole number, halves away from zero."""
    whole = abs(exact) + _HALF
    return (whole.numerator // whole.denominator) * (-1 if exact < 0 else 1)


def _plain(number: Decimal) -> str:
    return format(number.normalize(), "f")
