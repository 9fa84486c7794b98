"""Money of one currency counted in another, at a rate somebody recorded."""

from decimal import Decimal
from fractions import Fraction

from shared.money import DIGITS, Money


def convert(paid: Money, rate: Decimal, currency: str) -> Money:
    """`paid` in `currency`: for one unit of what was paid, `rate` units of it. Half a minor unit is rounded up.

    Raises:
        NotMoney: when the currency is unknown, or the amount too large.
    """
    exact = Fraction(paid.minor) * Fraction(rate) * 10 ** DIGITS[currency] / 10 ** DIGITS[paid.currency]
    return Money(_half_up(exact), currency)


def _half_up(exact: Fraction) -> int:
    minor = (2 * abs(exact.numerator) + exact.denominator) // (2 * exact.denominator)
    return minor if exact >= 0 else -minor
