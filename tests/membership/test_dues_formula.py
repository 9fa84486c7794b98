"""Dues as a pure function: every amount is explained to the last minor unit, for any formula."""

from copy import deepcopy
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.membership.dues import (
    EXAMPLE,
    AmountNotOfCurrency,
    Assessment,
    BracketsNotAscending,
    CapBelowMinimum,
    Discount,
    Formula,
    GivenTwice,
    Inputs,
    NotRound,
    PersonsUnknown,
    RoundingUnitMissing,
    assess,
    read_formula,
)
from services.membership.dues_words import explain_line
from shared.errors import DomainError
from shared.i18n import LANGUAGES
from shared.money import DIGITS, Money

COUNTRIES = ("AR", "HT", "US")
STRUCTURES = ("supporter", "mutual", "")
CODES = ("hardship", "first_year", "pioneer")


def terms(**changes: Any) -> dict[str, Any]:
    return deepcopy(dict(EXAMPLE)) | changes


def full(persons: int | None, *, country: str = "AR", discounts: dict[str, str] | None = None) -> Inputs:
    taken = tuple(Discount(code=code, percent=Decimal(percent)) for code, percent in (discounts or {}).items())
    return Inputs(associate=False, country=country, structure="", persons=persons, discounts=taken)


def shown(assessment: Assessment) -> list[tuple[str, str]]:
    return [(line.kind, Money(line.minor, assessment.amount.currency).amount) for line in assessment.lines]


@st.composite
def formulas(draw: st.DrawFn) -> dict[str, Any]:
    """Any formula the rules allow, in a currency of 0, 2, 3 or 4 decimals."""
    currency = draw(st.sampled_from(["CLP", "USD", "KWD", "CLF"]))
    unit = draw(st.sampled_from([1, 5, 10, 100, 250]))
    bounds = sorted(draw(st.tuples(st.integers(0, 10**5), st.integers(0, 10**5))))
    edges = [0, *sorted(draw(st.sets(st.integers(1, 10**6), max_size=4)))]

    def amount(minor: int) -> str:
        return Money(minor, currency).amount

    percents = st.decimals(0, 100, places=2).map(str)
    return {
        "currency": currency,
        "statistics_lag": draw(st.integers(0, 2)),
        "base": amount(draw(st.integers(0, 10**6))),
        "brackets": [
            {"from_persons": edge, "rate": str(draw(st.decimals(0, 10, places=6)))}
            for edge in (edges if draw(st.booleans()) else [])
        ],
        "minimum": amount(bounds[0] * unit),
        "cap": amount(bounds[1] * unit) if draw(st.booleans()) else None,
        "coefficients": [
            {"country": country, "coefficient": str(draw(st.decimals(0, 3, places=3)))}
            for country in draw(st.sets(st.sampled_from(COUNTRIES)))
        ],
        "associate_scale": [
            {"structure": structure, "amount": amount(draw(st.integers(0, 10**6)))}
            for structure in draw(st.sets(st.sampled_from(STRUCTURES[:2])))
        ],
        "associate_default": amount(draw(st.integers(0, 10**6))),
        "discounts": [{"code": code, "most_percent": draw(percents)} for code in draw(st.sets(st.sampled_from(CODES)))],
        "rounding": {
            "unit": amount(unit),
            "mode": draw(st.sampled_from(["half_up", "half_even", "up", "down"])),
        },
    }


inputs = st.builds(
    Inputs,
    associate=st.booleans(),
    country=st.sampled_from(COUNTRIES),
    structure=st.sampled_from(STRUCTURES),
    persons=st.integers(0, 10**8),
    discounts=st.lists(
        st.builds(Discount, code=st.sampled_from(CODES), percent=st.decimals(0, 100, places=2)),
        max_size=3,
        unique_by=lambda discount: discount.code,
    ).map(tuple),
)


def test_the_example_is_explained_bracket_by_bracket() -> None:
    owed = assess(read_formula(EXAMPLE), full(12_345, country="HT", discounts={"hardship": "30"}))
    assert shown(owed) == [
        ("base", "250.00"),
        ("bracket", "500.00"),
        ("bracket", "46.90"),
        ("coefficient", "-398.45"),
        ("minimum", "101.55"),
        ("discount", "-150.00"),
    ]
    assert owed.amount == Money(350_00, "USD")
    capped = assess(read_formula(EXAMPLE), full(9_000_000))
    assert (capped.amount, capped.lines[-1].kind) == (Money(25_000_00, "USD"), "cap")
    assert capped.lines[3].params == {"persons": 8_900_000, "begins": 100_001, "ends": None, "rate": "0.005"}


def test_an_associate_pays_by_its_structure_whatever_it_represents() -> None:
    formula = read_formula(EXAMPLE)
    government, other = (
        assess(formula, Inputs(associate=True, country="HT", structure=structure, persons=None))
        for structure in ("government-body", "mutual")
    )
    assert (shown(government), shown(other)) == ([("associate", "1500.00")], [("associate", "750.00")])


def test_without_persons_there_are_no_dues_unless_the_formula_counts_none() -> None:
    with pytest.raises(PersonsUnknown):
        assess(read_formula(EXAMPLE), full(None))
    flat = read_formula(terms(brackets=[]))
    assert assess(flat, full(None)).amount == Money(500_00, "USD")


def test_nobody_to_represent_is_not_the_same_as_unknown() -> None:
    assert shown(assess(read_formula(EXAMPLE), full(0)))[:2] == [("base", "250.00"), ("bracket", "0.00")]


def test_a_discount_stays_within_the_formulas_bounds_and_all_together_within_the_whole() -> None:
    formula = read_formula(EXAMPLE)
    assert assess(formula, full(5_000, discounts={"hardship": "95"})).lines[-1].params["percent"] == "80"
    assert assess(formula, full(5_000, discounts={"unheard_of": "95"})).amount == Money(500_00, "USD")
    both = assess(formula, full(5_000, discounts={"hardship": "80", "first_year": "50"}))
    assert both.amount == Money(0, "USD")
    assert [line.params["percent"] for line in both.lines[-2:]] == ["50", "50"]


@pytest.mark.parametrize(
    ("mode", "expected"),
    [("half_up", [2, 3, 3]), ("half_even", [2, 2, 3]), ("up", [3, 3, 3]), ("down", [2, 2, 2])],
)
def test_each_way_of_rounding_rounds_as_it_is_called(mode: str, expected: list[int]) -> None:
    none = {"base": "0", "minimum": "0", "cap": None, "currency": "CLP", "associate_default": "0"}
    got = []
    for rate in ("2.4", "2.5", "2.6"):
        changed = terms(**none, associate_scale=[], brackets=[{"from_persons": 0, "rate": rate}])
        changed["rounding"] = {"unit": "1", "mode": mode}
        got.append(assess(read_formula(changed), full(1)).amount.minor)
    assert got == expected


@pytest.mark.parametrize(
    ("change", "refusal", "pointer"),
    [
        ({"base": "1.234"}, AmountNotOfCurrency, "/terms/base"),
        ({"currency": "CLP"}, AmountNotOfCurrency, "/terms/base"),
        ({"brackets": [{"from_persons": 5, "rate": "1"}]}, BracketsNotAscending, "/terms/brackets/0/from_persons"),
        (
            {"brackets": [{"from_persons": 0, "rate": "1"}, {"from_persons": 0, "rate": "2"}]},
            BracketsNotAscending,
            "/terms/brackets/1/from_persons",
        ),
        ({"cap": "499.00"}, CapBelowMinimum, "/terms/cap"),
        ({"cap": "900.50"}, NotRound, "/terms/cap"),
        ({"coefficients": [{"country": "HT", "coefficient": "1"}] * 2}, GivenTwice, "/terms/coefficients/1/country"),
        ({"rounding": {"unit": "0.00", "mode": "up"}}, RoundingUnitMissing, "/terms/rounding/unit"),
    ],
)
def test_terms_that_mean_nothing_are_refused_by_place(
    change: dict[str, Any], refusal: type[DomainError], pointer: str
) -> None:
    with pytest.raises(refusal) as caught:
        read_formula(terms(**change))
    assert caught.value.pointer == pointer


@given(formulas(), inputs)
def test_the_lines_always_add_up_to_the_amount(data: dict[str, Any], known: Inputs) -> None:
    formula = read_formula(data)
    owed = assess(formula, known)
    assert sum(line.minor for line in owed.lines) == owed.amount.minor >= 0
    assert owed.amount.minor % formula.rounding.unit == 0
    assert owed == assess(read_formula(deepcopy(data)), known)
    for line in owed.lines:
        assert all(explain_line(line.kind, line.params, language) for language in LANGUAGES)


@given(formulas(), inputs)
def test_what_rounding_takes_is_less_than_its_unit_and_one_for_each_line(data: dict[str, Any], known: Inputs) -> None:
    formula = read_formula(data)
    owed = assess(formula, known)
    steps = [line for line in owed.lines if line.kind != "rounding"]
    rest = owed.amount.minor - sum(line.minor for line in steps)
    assert abs(rest) < formula.rounding.unit + len(steps)


@given(formulas(), inputs, st.integers(0, 10**8))
def test_who_represents_more_never_pays_less(data: dict[str, Any], known: Inputs, more: int) -> None:
    formula, persons = read_formula(data), known.persons or 0
    larger = Inputs(**vars(known) | {"persons": persons + more})
    assert assess(formula, larger).amount.minor >= assess(formula, known).amount.minor


@given(formulas(), inputs)
def test_without_discounts_full_members_stay_between_minimum_and_cap(data: dict[str, Any], known: Inputs) -> None:
    formula = read_formula(data)
    owed = assess(formula, Inputs(**vars(known) | {"associate": False, "discounts": ()})).amount.minor
    assert formula.minimum <= owed <= (formula.cap if formula.cap is not None else owed)


@given(formulas(), st.integers(0, 10**8))
def test_brackets_are_marginal(data: dict[str, Any], persons: int) -> None:
    formula = read_formula(data | {"minimum": Money(0, data["currency"]).amount, "cap": None, "coefficients": []})
    owed = assess(formula, full(persons))
    exact = formula.base + _one_by_one(formula, persons)
    assert abs(owed.amount.minor - exact) < formula.rounding.unit


def _one_by_one(formula: Formula, persons: int) -> Fraction:
    """What each person costs, added up the slow way: from the top bracket down."""
    exact, left = Fraction(0), persons
    for bracket in reversed(formula.brackets):
        above = max(left - bracket.from_persons, 0)
        exact += above * Fraction(bracket.rate) * 10 ** DIGITS[formula.currency]
        left -= above
    return exact
