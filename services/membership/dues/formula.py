"""A dues formula: what its terms may say, and what they mean."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from importlib.resources import files
from typing import Any, Literal

from shared.errors import Rejected
from shared.money import Money, NotMoney

Mode = Literal["half_up", "half_even", "up", "down"]
Terms = Mapping[str, Any]
"""A formula as it is stored and sent: amounts of its currency, rates and percentages as decimal text."""

EXAMPLE: Terms = json.loads((files(__package__) / "example.json").read_text("utf-8"))
"""Terms to try things with. The figures are made up: the Alliance's own rates are not public."""


class AmountNotOfCurrency(Rejected):
    message = "{amount} is no amount of {currency}, which has other decimals."


class BracketsNotAscending(Rejected):
    message = "The first bracket must begin at 0 persons, and each further one above the one before it."


class CapBelowMinimum(Rejected):
    message = "The cap {cap} is below the minimum {minimum}."


class GivenTwice(Rejected):
    message = "{key} is given twice."


class NotRound(Rejected):
    message = "{amount} is no multiple of {unit}, the unit to round to."


class RoundingUnitMissing(Rejected):
    message = "The unit to round to must be more than zero."


@dataclass(frozen=True, kw_only=True)
class Bracket:
    """Each person from the `from_persons`-th on, up to the next bracket, costs `rate` units of the currency."""

    from_persons: int
    rate: Decimal


@dataclass(frozen=True, kw_only=True)
class Rounding:
    """The amount to pay is a multiple of `unit` minor units; `half_up` and `up` go away from zero."""

    unit: int
    mode: Mode


@dataclass(frozen=True, kw_only=True)
class Formula:
    """Amounts are minor units of `currency`.

    A full member pays `base` and the brackets, times its country's coefficient, but at least `minimum` and at most
    `cap`. An associate pays what the scale says for its structure. Discounts in percent are taken off either, which
    may lead below the minimum, and the result is rounded. The persons are those of `statistics_lag` years before the
    year to pay for.
    """

    currency: str
    statistics_lag: int
    base: int
    brackets: tuple[Bracket, ...]
    minimum: int
    cap: int | None
    coefficients: Mapping[str, Decimal]
    associate_scale: Mapping[str, int]
    associate_default: int
    discounts: Mapping[str, Decimal]
    rounding: Rounding

    @property
    def counts_persons(self) -> bool:
        """Full members can't be assessed without a statistic."""
        return any(bracket.rate for bracket in self.brackets)


def read_formula(terms: Terms) -> Formula:
    """The formula that `terms` say; their form was checked at the edge, here is what they must mean.

    Raises:
        AmountNotOfCurrency, BracketsNotAscending, CapBelowMinimum, GivenTwice, NotRound, RoundingUnitMissing
    """
    currency = terms["currency"]
    formula = Formula(
        currency=currency,
        statistics_lag=terms["statistics_lag"],
        base=_minor(terms["base"], currency, "/base"),
        brackets=_brackets(terms["brackets"]),
        minimum=_minor(terms["minimum"], currency, "/minimum"),
        cap=None if terms["cap"] is None else _minor(terms["cap"], currency, "/cap"),
        coefficients=_decimals(terms["coefficients"], "country", "coefficient", "/coefficients"),
        associate_scale=_scale(terms["associate_scale"], currency),
        associate_default=_minor(terms["associate_default"], currency, "/associate_default"),
        discounts=_decimals(terms["discounts"], "code", "most_percent", "/discounts"),
        rounding=_rounding(terms["rounding"], currency),
    )
    _check_bounds(formula, terms)
    return formula


def _check_bounds(formula: Formula, terms: Terms) -> None:
    """Rounding must not lead below the minimum or above the cap."""
    if formula.cap is not None and formula.cap < formula.minimum:
        raise CapBelowMinimum(cap=terms["cap"], minimum=terms["minimum"], pointer="/terms/cap")
    for name, bound in (("minimum", formula.minimum), ("cap", formula.cap or 0)):
        if bound % formula.rounding.unit:
            raise NotRound(amount=terms[name], unit=terms["rounding"]["unit"], pointer=f"/terms/{name}")


def _minor(amount: str, currency: str, pointer: str) -> int:
    try:
        return Money.parse(amount, currency).minor
    except NotMoney as error:
        raise AmountNotOfCurrency(amount=amount, currency=currency, pointer=f"/terms{pointer}") from error


def _brackets(rows: Iterable[Mapping[str, Any]]) -> tuple[Bracket, ...]:
    found: list[Bracket] = []
    for index, row in enumerate(rows):
        begins = row["from_persons"]
        if (begins <= found[-1].from_persons) if found else (begins != 0):
            raise BracketsNotAscending(pointer=f"/terms/brackets/{index}/from_persons")
        found.append(Bracket(from_persons=begins, rate=Decimal(row["rate"])))
    return tuple(found)


def _once(rows: Iterable[Mapping[str, Any]], key: str, pointer: str) -> dict[str, Mapping[str, Any]]:
    found: dict[str, Mapping[str, Any]] = {}
    for index, row in enumerate(rows):
        if row[key] in found:
            raise GivenTwice(key=row[key], pointer=f"/terms{pointer}/{index}/{key}")
        found[row[key]] = row
    return found


def _decimals(rows: Iterable[Mapping[str, Any]], key: str, value: str, pointer: str) -> dict[str, Decimal]:
    return {name: Decimal(row[value]) for name, row in _once(rows, key, pointer).items()}


def _scale(rows: Iterable[Mapping[str, Any]], currency: str) -> dict[str, int]:
    found = _once(rows, "structure", "/associate_scale")
    return {
        structure: _minor(row["amount"], currency, f"/associate_scale/{index}/amount")
        for index, (structure, row) in enumerate(found.items())
    }


def _rounding(row: Mapping[str, Any], currency: str) -> Rounding:
    unit = _minor(row["unit"], currency, "/rounding/unit")
    if unit == 0:
        raise RoundingUnitMissing(pointer="/terms/rounding/unit")
    return Rounding(unit=unit, mode=row["mode"])
