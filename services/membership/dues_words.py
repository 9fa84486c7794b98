"""What is said about lines of dues and about who can't be assessed; a sentence is the key of its translations."""

from collections.abc import Mapping
from typing import Any

from services.membership.vocabulary import STRUCTURES
from shared.i18n import Language, gettext

LINES = {
    "base": "What every full member pays.",
    "bracket": "{persons} persons, from number {begins} to {ends}, at {rate} each.",
    "bracket_open": "{persons} persons, from number {begins} on, at {rate} each.",
    "coefficient": "Times {coefficient}, the coefficient of {country}.",
    "minimum": "Up to the minimum of {minimum}.",
    "cap": "Down to the cap of {cap}.",
    "associate": "What an associate pays whose structure is: {structure}.",
    "associate_default": "What an associate pays whose structure has no amount of its own.",
    "discount": "Discount of {percent} % ({code}).",
    "rounding": "Rounded to {unit}.",
}

REASONS = {
    "no_statistic": "No accepted statistic of {statistics_year} says how many persons it represents.",
    "not_a_member": "It was not a member in {year}.",
    "other_membership": "Its organization is assessed by another membership.",
    "assessed_otherwise": "It was assessed for {year} by another formula.",
}


def explain_line(kind: str, params: Mapping[str, Any], language: Language) -> str:
    """The line as a sentence in `language`."""
    shown = dict(params)
    if kind == "bracket" and params["ends"] is None:
        kind = "bracket_open"
    if kind == "associate":
        kind = "associate" if params["structure"] else "associate_default"
        shown["structure"] = _structure(params["structure"], language)
    return gettext(language, LINES[kind], **shown)


def _structure(code: str | None, language: Language) -> str:
    term = STRUCTURES.get(code or "")
    return term.name(language) if term else code or ""


def explain_reason(reason: str, year: int, statistics_year: int, language: Language) -> str:
    """Why there is no amount, as a sentence in `language`."""
    return gettext(language, REASONS[reason], year=year, statistics_year=statistics_year)


SKIPPED = {
    "no_statistic": "No statistic of {statistics_year} is accepted, and its dues depend on it.",
    "not_assessed": "Its dues of {year} are not recorded; record them first, or see its quote for why they can't be.",
    "nothing_owed": "It owes nothing for {year}.",
    "invoiced": "It was invoiced for {year} already.",
    "no_contact": "Nobody can be written to: no contact for dues, management, presidency or office has a mail.",
}


def explain_skipped(reason: str, year: int, statistics_year: int, language: Language) -> str:
    """Why a member is not invoiced, as a sentence in `language`."""
    return gettext(language, SKIPPED[reason], year=year, statistics_year=statistics_year)


POSTINGS = {
    "invoiced": "Invoice {reference}",
    "credited": "Credit note {reference}",
    "written_off": "Written off: {reference}",
    "paid": "Payment {reference}",
    "allocated": "Put on an invoice",
    "moved": "Moved to or from another member",
    "refunded": "Refund {reference}",
    "reversed": "Payment reversed {reference}",
}


def explain_posting(kind: str, reference: str, language: Language) -> str:
    """What happened, as a line of an account."""
    return gettext(language, POSTINGS[kind], reference=reference).strip()


MATCHES = {
    "invoice_number": "The invoice's number stands in the text.",
    "amount_open": "The amount is what is open of the invoice.",
    "amount_instalment": "The amount is what is open of an instalment.",
    "amount_invoiced": "The amount is that of the whole invoice.",
    "name": "The member's name stands in the text or is the payer's.",
    "iban_seen": "The member has paid from this account before.",
    "other_currency": "The invoice is in another currency.",
}


def explain_match(reason: str, language: Language) -> str:
    """What speaks for a match, as a sentence in `language`."""
    return gettext(language, MATCHES[reason])
