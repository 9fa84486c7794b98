"""Money: an integer of minor units and its currency; never a float."""

import re
from dataclasses import dataclass
from typing import Self

# Minor units by ISO 4217 list one (SIX, maintenance agency), active currencies of countries. CLDR's figures are no
# substitute: they say what is customary on a price tag (LBP 0, IQD 0), not what a bank books (LBP 2, IQD 3).
_BY_DIGITS = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    2: """
        AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF CHW
        CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF
        IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK
        MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP
        SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XCD XCG YER
        ZAR ZMW ZWG
    """,
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}
DIGITS = {currency: digits for digits, currencies in _BY_DIGITS.items() for currency in currencies.split()}
"""How many decimals each currency has."""

LARGEST = 2**63 - 1
"""Minor units that still fit a database's bigint."""

_AMOUNT = re.compile(r"(-?)([0-9]+)(?:\.([0-9]+))?")


class NotMoney(ValueError):  # noqa: N818 -- the refusal itself
    """Text that is no amount of a currency, or a currency nobody knows."""


@dataclass(frozen=True)
class Money:
    """An amount of one currency, exact."""

    minor: int
    currency: str

    def __post_init__(self) -> None:
        if self.currency not in DIGITS:
            raise NotMoney(f"{self.currency} is no ISO 4217 currency.")
        if abs(self.minor) > LARGEST:
            raise NotMoney("The amount is too large.")

    @classmethod
    def parse(cls, amount: str, currency: str) -> Self:
        """The money `amount`, written like 1234.50, says.

        Raises:
            NotMoney: unknown currency, anything but digits and one point, or more decimals than the currency has.
        """
        if currency not in DIGITS:
            raise NotMoney(f"{currency} is no ISO 4217 currency.")
        written = _AMOUNT.fullmatch(amount)
        if not written or len(amount) > len(str(LARGEST)) + 2:
            raise NotMoney(f"{amount[:40]} is no amount like 1234.50.")
        sign, units, decimals = written[1], written[2], written[3] or ""
        if len(decimals) > DIGITS[currency]:
            raise NotMoney(f"{currency} has {DIGITS[currency]} decimals, not {len(decimals)}.")
        return cls(int(f"{sign}{units}{decimals.ljust(DIGITS[currency], '0')}"), currency)

    @property
    def amount(self) -> str:
        """The amount with all its currency's decimals: 1234.50."""
        digits = DIGITS[self.currency]
        sign, figures = "-" * (self.minor < 0), str(abs(self.minor)).rjust(digits + 1, "0")
        return f"{sign}{figures[:-digits]}.{figures[-digits:]}" if digits else f"{sign}{figures}"

    def __str__(self) -> str:
        return f"{self.amount} {self.currency}"
