"""Money is exact, whatever is written and whatever is kept."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.money import DIGITS, LARGEST, Money, NotMoney

currencies = st.sampled_from(sorted(DIGITS))


@given(st.integers(-LARGEST, LARGEST), currencies)
def test_what_is_written_is_read_again(minor: int, currency: str) -> None:
    money = Money(minor, currency)
    assert Money.parse(money.amount, currency) == money


@given(st.integers(0, LARGEST), currencies)
def test_an_amount_always_shows_all_decimals_of_its_currency(minor: int, currency: str) -> None:
    _, point, decimals = Money(minor, currency).amount.partition(".")
    assert len(decimals) == DIGITS[currency]
    assert bool(point) == (DIGITS[currency] > 0)


@given(st.text(max_size=25), currencies)
def test_any_text_is_either_money_or_refused(text: str, currency: str) -> None:
    try:
        money = Money.parse(text, currency)
    except NotMoney:
        return
    assert set(text) <= set("-0123456789.")
    assert Money.parse(money.amount, currency) == money


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [
        ("1234.50", "USD", 123450),
        ("1234.5", "USD", 123450),
        ("1234", "USD", 123400),
        ("-0.01", "USD", -1),
        ("1500", "CLP", 1500),
        ("250000", "PYG", 250000),
        ("1.234", "KWD", 1234),
        ("0.0001", "CLF", 1),
    ],
)
def test_amounts_become_minor_units(amount: str, currency: str, minor: int) -> None:
    assert Money.parse(amount, currency) == Money(minor, currency)


@pytest.mark.parametrize(
    ("amount", "currency"),
    [
        ("1.005", "USD"),
        ("1500.0", "CLP"),
        ("1,50", "USD"),
        ("1e3", "USD"),
        (" 1", "USD"),
        ("+1", "USD"),
        (".5", "USD"),
        ("5.", "USD"),
        ("", "USD"),
        ("\u0661", "USD"),
        ("1_000", "USD"),
        ("99999999999999999999", "USD"),
        ("9" * 5000, "USD"),
        ("1", "usd"),
        ("1", "XXX"),
    ],
)
def test_anything_else_is_refused(amount: str, currency: str) -> None:
    with pytest.raises(NotMoney):
        Money.parse(amount, currency)
