"""Dates and amounts as the reader's country writes them."""

from datetime import date
from decimal import Decimal

from babel import Locale, UnknownLocaleError
from babel.dates import format_date
from babel.numbers import format_decimal

from shared.i18n import Language
from shared.money import DIGITS, Money

_USUAL = {"es": "es_419", "pt": "pt_BR", "en": "en"}


def locale_of(language: Language, country: str) -> Locale:
    """The language as the country writes it; as most of the region does where that is not known."""
    try:
        return Locale(language, territory=country)
    except (UnknownLocaleError, ValueError):
        return Locale.parse(_USUAL[language])


def written_date(day: date, locale: Locale) -> str:
    return format_date(day, "long", locale=locale)


def short_date(day: date, locale: Locale) -> str:
    return format_date(day, "dd/MM/yyyy" if locale.language != "en" else "yyyy-MM-dd", locale=locale)


def written_amount(money: Money, locale: Locale) -> str:
    """With all the decimals the currency has in the bank, whatever is customary on a price tag."""
    digits = DIGITS[money.currency]
    pattern = "#,##0." + "0" * digits if digits else "#,##0"
    return f"{money.currency} {format_decimal(Decimal(money.amount), format=pattern, locale=locale)}"
