"""A statement of account on paper."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time

from services.membership.documents.invoice import addressed
from services.membership.documents.paper import Paper
from services.membership.documents.writing import locale_of, short_date, written_amount, written_date
from services.membership.dues_words import explain_posting
from services.membership.model import Member
from services.membership.operations.accounts import Account
from services.membership.operations.dues_contacts import addressee_of
from shared.i18n import Language, gettext

TITLE = "Statement of account"
PERIOD = "From {begins} to {ends}"
OPENING, CLOSING = "Opening balance", "Closing balance"
DAY, WHAT, AMOUNT, BALANCE = "Day", "What", "Amount", "Balance"
NOTHING = "Nothing was owed and nothing was paid in this period."


def account_pdf(member: Member, accounts: Iterable[Account], *, begins: date, ends: date, language: Language) -> bytes:
    """A member's account over a period; the same bytes for the same postings."""
    organization = member.organization
    locale = locale_of(language, organization.country)
    made_at = datetime.combine(ends, time(), UTC)
    paper = Paper(
        title=gettext(language, TITLE), page_word=gettext(language, "Page"), language=language, made_at=made_at
    )
    for number, text in enumerate(addressed(addressee_of(None, organization))):
        paper.write_line(text, bold=number == 0)
    paper.ln(6)
    paper.write_line(gettext(language, TITLE), size=16, bold=True)
    days = {"begins": written_date(begins, locale), "ends": written_date(ends, locale)}
    paper.write_line(gettext(language, PERIOD, **days), grey=True)
    paper.ln(3)
    shown = list(accounts)
    for one in shown:
        heads = [gettext(language, word) for word in (DAY, WHAT, AMOUNT, BALANCE)]
        rows = [["", gettext(language, OPENING), "", written_amount(one.opening, locale)]]
        for line in one.movements:
            text = explain_posting(line.kind, line.reference, language)
            amounts = written_amount(line.amount, locale), written_amount(line.balance, locale)
            rows.append([short_date(line.on, locale), text, *amounts])
        total = ["", gettext(language, CLOSING), "", written_amount(one.closing, locale)]
        paper.write_table(heads, rows, widths=(24, 66, -40, -40), total=total)
    if not shown:
        paper.write_line(gettext(language, NOTHING))
    return paper.written()
