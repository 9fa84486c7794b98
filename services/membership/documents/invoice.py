"""An invoice on paper, in the member's language: everything on it was settled when it was issued."""

from collections.abc import Mapping
from typing import Any

from services.membership.documents.paper import Paper, issuer
from services.membership.documents.writing import locale_of, short_date, written_amount, written_date
from services.membership.dues_words import explain_line
from services.membership.model import Invoice
from shared.i18n import Language, gettext
from shared.money import Money

INVOICE = "Dues invoice {number}"
PAGE = "Page"
NUMBER, ISSUED, YEAR, DUE = "Number", "Issued on", "Dues of", "To be paid by"
HOW, AMOUNT, TOTAL, INSTALMENT = "How it was computed", "Amount", "Total", "Instalment"
REFERENCE = "Please give the number {number} with your payment."


def invoice_pdf(invoice: Invoice) -> bytes:
    """The document of an issued invoice; the same bytes whenever it is asked for."""
    assert invoice.issued_on
    assert invoice.issued_at
    language = invoice.language
    locale = locale_of(language, invoice.addressee["country"])
    title = gettext(language, INVOICE, number=invoice.reference)
    paper = Paper(title=title, page_word=gettext(language, PAGE), language=language, made_at=invoice.issued_at)
    for number, text in enumerate(addressed(invoice.addressee)):
        paper.write_line(text, bold=number == 0)
    paper.ln(6)
    paper.write_line(title, size=16, bold=True)
    paper.ln(3)
    pairs = (
        (NUMBER, invoice.reference),
        (ISSUED, written_date(invoice.issued_on, locale)),
        (YEAR, str(invoice.year)),
        (DUE, written_date(invoice.due_on, locale)),
    )
    paper.write_pairs((gettext(language, name), value) for name, value in pairs)
    paper.ln(4)
    rows = [
        (
            explain_line(one["kind"], one["params"], language),
            written_amount(Money(one["minor"], invoice.currency), locale),
        )
        for one in invoice.assessment.lines
    ]
    total = (gettext(language, TOTAL), written_amount(invoice.amount, locale))
    paper.write_table(_heads(language, HOW, AMOUNT), rows, widths=(125, -45), total=total)
    if len(invoice.instalments) > 1:
        parts = [
            (
                str(one.number),
                short_date(one.due_on, locale),
                written_amount(Money(one.minor, invoice.currency), locale),
            )
            for one in invoice.instalments
        ]
        paper.write_table(_heads(language, INSTALMENT, DUE, AMOUNT), parts, widths=(40, 85, -45))
    for text in issuer()["payment"]:
        paper.write_line(text)
    paper.write_line(gettext(language, REFERENCE, number=invoice.reference), grey=True, size=9)
    return paper.written()


def addressed(addressee: Mapping[str, Any]) -> list[str]:
    """To whom, line by line."""
    place = " ".join(filter(None, (addressee["postal_code"], addressee["locality"])))
    numbers = [f"{scheme} {value}" for scheme, value in addressee["identifiers"]]
    region = ", ".join(filter(None, (place, addressee["subdivision"], addressee["country"])))
    lines = [addressee["name"], addressee.get("contact", ""), addressee["address"], region, *numbers]
    return [line for line in lines if line]


def _heads(language: Language, *words: str) -> list[str]:
    return [gettext(language, word) for word in words]
