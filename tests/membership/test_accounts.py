"""Ageing, reminders, statements of account, and what stands on paper."""

import io
from datetime import date, timedelta
from typing import Any

import pytest
from pypdf import PdfReader
from sqlalchemy import select
from sqlalchemy.orm import Session

from services.membership import operations
from services.membership.documents import account_pdf, invoice_pdf
from services.membership.documents.writing import locale_of, written_amount, written_date
from services.membership.dues.ageing import bucket
from services.membership.model import Invoice, PeriodBackwards, Reminder, StepsTwice
from shared.contracts.membership import DuesReminded
from shared.messaging.outbox import published
from shared.money import Money
from tests.membership.making import NOW
from tests.membership.making_dues import named_member
from tests.membership.making_invoices import DUE, indebted, invoiced, paid, reachable

NAMES = "Ñandutí Açaí Pérez-Muñoz Ỹvy g̃uarani Ouwè \ua78cAjmaq Łukasz"
"""Letters of Spanish, Portuguese, Guarani, Haitian Creole, Mayan languages and of immigrants' names."""


def reminded(session: Session, day: date) -> list[tuple[int, int]]:
    while operations.remind_next(session, now=NOW + (day - NOW.date())):
        pass
    return [(fact.instalment, fact.days) for fact in published(session) if isinstance(fact, DuesReminded)]


def text_of(content: bytes) -> str:
    return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages)


def test_each_step_of_the_plan_is_taken_once(session: Session) -> None:
    [member] = indebted(session, "Uno")
    invoice = invoiced(session)[member.id]
    assert reminded(session, DUE - timedelta(days=15)) == []
    assert reminded(session, DUE - timedelta(days=14)) == [(1, -14)]
    assert reminded(session, DUE) == [(1, -14)]
    assert reminded(session, DUE + timedelta(days=1)) == [(1, -14), (1, 1)]
    paid(session, member, "500.00", invoice)
    assert invoice.next_reminder_on is None
    assert len(reminded(session, DUE + timedelta(days=400))) == 2
    fact = published(session)[-2]
    assert isinstance(fact, DuesReminded)
    assert (fact.number, fact.open, fact.language, fact.level) == (invoice.reference, 500_00, "es", 1)


def test_an_invoice_due_on_the_calendars_last_day_holds_up_nobodys_reminders(session: Session) -> None:
    [member] = indebted(session, "Uno")
    invoice = invoiced(session, DUE, date.max)[member.id]
    assert reminded(session, DUE + timedelta(days=1)) == [(1, 1)]
    paid(session, member, "250.00", invoice)
    assert reminded(session, DUE + timedelta(days=40)) == [(1, 1)]
    assert invoice.next_reminder_on == date.max - timedelta(days=14)


def test_after_days_of_standstill_only_the_last_step_is_sent(session: Session) -> None:
    indebted(session, "Uno")
    [invoice] = invoiced(session).values()
    assert reminded(session, DUE + timedelta(days=20)) == [(1, 15)]
    rows = session.scalars(operations.reminders(invoice_id=invoice.id).order_by(Reminder.days)).all()
    assert [(row.days, row.sent) for row in rows] == [(1, False), (15, True)]


def test_nobody_is_reminded_of_what_money_on_account_would_pay(session: Session) -> None:
    first, second = indebted(session, "Uno", "Dos")
    invoices = invoiced(session, DUE, DUE + timedelta(days=60))
    paid(session, first, "300.00")
    paid(session, second, "249.99")
    paid(session, second, "900.00", currency="EUR")
    day = DUE + timedelta(days=46)
    while operations.remind_next(session, now=NOW + (day - NOW.date())):
        pass
    told = [fact for fact in published(session) if isinstance(fact, DuesReminded)]
    assert sorted((fact.member_id == first.id, fact.instalment, fact.days) for fact in told) == [
        (False, 1, 45),
        (False, 2, -14),
        (True, 2, -14),
    ]
    rows = session.scalars(operations.reminders(invoice_id=invoices[first.id].id)).all()
    assert sorted((row.instalment, row.days, row.sent) for row in rows) == [
        (1, 1, False),
        (1, 15, False),
        (1, 45, False),
        (2, -14, True),
    ]


def test_a_payment_taken_back_is_reminded_of_again_by_the_steps_to_come(session: Session) -> None:
    [member] = indebted(session, "Uno")
    invoice = invoiced(session)[member.id]
    payment = paid(session, member, "500.00", invoice)
    assert reminded(session, DUE + timedelta(days=5)) == []
    operations.reverse_payment(session, payment, reason="bounced", actor="ana", now=NOW)
    assert reminded(session, DUE + timedelta(days=16)) == [(1, 15)]


def test_another_plan_counts_from_now_on(session: Session) -> None:
    indebted(session, "Uno")
    invoiced(session)
    with pytest.raises(StepsTwice):
        operations.plan_reminders(session, days=[1, 1], reason="x", actor="ana", now=NOW)
    plan = operations.plan_reminders(session, days=[3, -2], reason="x", actor="ana", now=NOW)
    assert (plan.version, operations.reminder_days(session)) == (2, [-2, 3])
    session.expire_all()
    assert reminded(session, DUE - timedelta(days=2)) == [(1, -2)]
    assert reminded(session, DUE + timedelta(days=90)) == [(1, -2), (1, 3)]


def test_who_has_lost_its_contact_is_noted_and_not_sent_anything(session: Session) -> None:
    [member] = indebted(session, "Uno")
    invoiced(session)
    for contact in list(member.organization.contacts):
        operations.remove_contact(session, contact, now=NOW)
    assert reminded(session, DUE) == []
    assert [(row.days, row.sent, row.contact_id) for row in session.scalars(select(Reminder))] == [(-14, False, None)]


@pytest.mark.parametrize(
    ("days", "name"),
    [(0, "not_due"), (1, "days_1_30"), (30, "days_1_30"), (31, "days_31_60"), (91, "days_91_365"), (366, "older")],
)
def test_buckets_have_sharp_edges(days: int, name: str) -> None:
    assert bucket(DUE, DUE + timedelta(days=days)) == name


def test_ageing_says_what_was_late_on_any_day(session: Session) -> None:
    first, second = indebted(session, "Uno", "Dos")
    second.organization.country = "UY"
    invoices = invoiced(session, DUE, DUE + timedelta(days=40))
    later = NOW + timedelta(days=100)
    paid(session, first, "300.00", invoices[first.id], received_on=later.date(), now=later)

    def aged(day: date) -> dict[str, dict[str, int]]:
        rows = operations.ageing(session, on=day)
        kept = ("not_due", "days_1_30", "days_31_60", "total")
        return {row["country"]: {name: row[name] for name in kept if row[name]} for row in rows}

    assert aged(NOW.date() - timedelta(days=1)) == {}
    assert aged(DUE + timedelta(days=35)) == {
        "AR": {"not_due": 250_00, "days_31_60": 250_00, "total": 500_00},
        "UY": {"not_due": 250_00, "days_31_60": 250_00, "total": 500_00},
    }
    assert aged(later.date()) == {
        "AR": {"days_1_30": 200_00, "total": 200_00},
        "UY": {"days_1_30": 250_00, "days_31_60": 250_00, "total": 500_00},
    }
    assert [row["country"] for row in operations.ageing(session, on=DUE, country="UY")] == ["UY"]


def test_an_account_runs_from_what_was_owed_to_what_is_owed(session: Session) -> None:
    [member] = indebted(session, "Uno")
    invoice = invoiced(session)[member.id]
    later = NOW + timedelta(days=40)
    paid(session, member, "520.00", invoice, received_on=later.date(), now=later, reference="TRF 7")
    period = {"begins": NOW.date() + timedelta(days=1), "ends": later.date()}
    [account] = operations.account(session, member_id=member.id, **period)
    told = [(line.kind, line.amount.minor, line.balance.minor) for line in account.movements]
    assert (account.opening.minor, told, account.closing.minor) == (500_00, [("paid", -520_00, -20_00)], -20_00)
    [whole] = operations.account(session, member_id=member.id, begins=date(2020, 1, 1), ends=later.date())
    assert (whole.opening.minor, [line.kind for line in whole.movements]) == (0, ["invoiced", "paid"])
    assert operations.account(session, member_id=member.id, begins=date.min, ends=date.max) == [whole]
    with pytest.raises(PeriodBackwards):
        operations.account(session, member_id=member.id, begins=later.date(), ends=NOW.date())
    content = account_pdf(member, [whole], begins=date(2026, 1, 1), ends=later.date(), language="pt")
    text = text_of(content)
    assert "Extrato de conta" in text
    assert "TRF 7" in text
    assert text_of(account_pdf(member, [], begins=DUE, ends=DUE, language="es"))


@pytest.mark.parametrize(
    ("language", "country", "expected"),
    [
        ("es", "AR", ("Factura de cuotas", "USD 500,00", "4 de mayo de 2026")),
        ("es", "MX", ("Factura de cuotas", "USD 500.00", "4 de mayo de 2026")),
        ("pt", "BR", ("Fatura de contribuições", "USD 500,00", "4 de maio de 2026")),
        ("en", "BB", ("Dues invoice", "USD 500.00", "4 May 2026")),
    ],
)
def test_an_invoice_is_written_in_the_members_language(
    session: Session, language: str, country: str, expected: tuple[str, ...]
) -> None:
    [member] = indebted(session, "Uno", country=country)
    for contact in member.organization.contacts:
        contact.language = language
    invoice = invoiced(session)[member.id]
    text = text_of(invoice_pdf(invoice))
    for words in (f"{expected[0]} D-2026-000001", *expected[1:], "Federación Uno"):
        assert words in text


def test_the_same_invoice_is_the_same_bytes_also_after_it_was_paid(session: Session) -> None:
    [member] = indebted(session, "Uno")
    invoice = invoiced(session, DUE, DUE + timedelta(days=30))[member.id]
    first = invoice_pdf(invoice)
    paid(session, member, "100.00", invoice)
    operations.update_organization(session, member.organization, name="Otra", now=NOW)
    session.expire_all()
    assert invoice_pdf(session.get_one(Invoice, invoice.id)) == first


def test_every_letter_of_the_regions_names_is_on_paper_in_a_font_of_its_own(session: Session) -> None:
    member = reachable(session, named_member(session, NAMES))
    [other] = indebted(session, "Uno")
    assert member is not other
    invoice = invoiced(session)[other.id]
    invoice.addressee = {**invoice.addressee, "name": NAMES, "contact": "Đặng Ōta 株"}
    content = invoice_pdf(invoice)
    page = PdfReader(io.BytesIO(content)).pages[0]
    assert NAMES.replace(" ", "") in page.extract_text().replace(" ", "").replace("\n", "")
    fonts: Any = page["/Resources"]["/Font"]
    descendants = [font.get_object()["/DescendantFonts"][0].get_object() for font in fonts.values()]
    assert all("/FontFile2" in one["/FontDescriptor"].get_object() for one in descendants)


def test_a_large_invoice_goes_on_with_its_heads_on_the_next_page(session: Session) -> None:
    [member] = indebted(session, "Uno")
    invoice = invoiced(session)[member.id]
    line = invoice.assessment.lines[0]
    invoice.assessment.lines = [line] * 80
    pages = PdfReader(io.BytesIO(invoice_pdf(invoice))).pages
    assert len(pages) > 1
    assert all("Importe" in page.extract_text() for page in pages[:2])


def test_amounts_keep_the_banks_decimals() -> None:
    shown = [written_amount(Money(1234567, currency), locale_of("es", "CL")) for currency in ("CLP", "UYW", "USD")]
    assert shown == ["CLP 1.234.567", "UYW 123,4567", "USD 12.345,67"]
    assert written_date(date(2026, 1, 2), locale_of("pt", "XX")) == "2 de janeiro de 2026"
