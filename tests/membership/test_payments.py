"""Payments, credit notes, write-offs and refunds, and where they leave invoices, accounts and standings."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from services.membership import operations
from services.membership.exchange import convert
from services.membership.model import (
    AmountInOtherCurrency,
    Entry,
    Invoice,
    Member,
    MoreThanAllocated,
    MoreThanCredit,
    MoreThanInvoiced,
    MoreThanOpen,
    MovedNowhere,
    NeverIssued,
    NothingOwed,
    NotPositive,
    OfAnotherMember,
    OtherCurrency,
    Payment,
    PaymentRecordedOtherwise,
    PaymentRefunded,
    PaymentReversed,
    ProposerDecides,
    RateMissing,
    RateNotNeeded,
    ReceivedInFuture,
    TooMuch,
    WriteOffDecided,
    WriteOffProposed,
)
from shared.contracts.membership import DuesCredited, DuesPaid, MemberStandingChanged
from shared.database import transaction
from shared.messaging.outbox import published
from shared.money import Money
from tests.membership.making import NOW, an_organization
from tests.membership.making_dues import named_member
from tests.membership.making_invoices import DUE, a_run, go_out, indebted, invoiced, paid

BY: dict[str, Any] = {"reason": "x", "actor": "ana", "now": NOW}


def usd(amount: str) -> Money:
    return Money.parse(amount, "USD")


def credited(session: Session, invoice: Invoice, amount: str | None = None, **facts: Any) -> Any:
    return operations.credit_invoice(
        session, invoice, series="NC", amount=usd(amount) if amount else None, **BY | facts
    )


def differences(session: Session) -> set[tuple[int, int]]:
    days = [date(2026, 1, 1) + timedelta(days=number * 20) for number in range(20)]
    rows = [row for day in days for row in operations.reconcile(session, on=day)]
    return {(int(row["difference"]), int(row["invoices_differ"])) for row in rows}


def test_a_partial_payment_leaves_the_rest_open_and_the_next_settles_it(session: Session) -> None:
    [member] = indebted(session, "Uno")
    invoice = invoiced(session)[member.id]
    first = paid(session, member, "200.00", invoice)
    assert (invoice.state, invoice.open) == ("partially_paid", usd("300.00"))
    paid(session, member, "300.00", invoice, reference="second")
    assert (invoice.state, invoice.open) == ("paid", usd("0.00"))
    told = [fact for fact in published(session) if isinstance(fact, DuesPaid)]
    assert [(fact.amount, fact.open) for fact in told] == [(200_00, 300_00), (300_00, 0)]
    assert told[0].payment_id == first.id
    assert differences(session) == {(0, 0)}


def test_what_is_paid_too_much_stays_on_account_for_the_next_invoice(session: Session) -> None:
    [member] = indebted(session, "Uno")
    invoice = invoiced(session)[member.id]
    payment = paid(session, member, "620.50", invoice)
    assert operations.balances(session, member_id=member.id) == {"USD": (0, 120_50)}
    assert [one["amount"] for one in operations.uses_of(session, payment_id=payment.id)] == [
        usd("500.00"),
        usd("120.50"),
    ]
    assert session.scalars(operations.payments(with_credit=True)).all() == [payment]
    with pytest.raises(NothingOwed):
        operations.put_on(session, payment, invoice_id=invoice.id, **BY)


def test_recorded_again_under_its_reference_a_payment_counts_once(session: Session) -> None:
    [member] = indebted(session, "Uno")
    invoice = invoiced(session)[member.id]
    first = paid(session, member, "100.00", invoice, reference="TRF 1")
    assert paid(session, member, "100.00", invoice, reference="TRF 1") is first
    assert invoice.open == usd("400.00")
    with pytest.raises(PaymentRecordedOtherwise):
        paid(session, member, "101.00", reference="TRF 1")
    rated = {"currency": "EUR", "rate": Decimal("1.08"), "rate_on": NOW.date(), "rate_source": "BCE"}
    paid(session, member, "5.00", credited_currency="USD", reference="TRF 2", **rated)
    with pytest.raises(PaymentRecordedOtherwise):
        paid(session, member, "5.00", credited_currency="ARS", reference="TRF 2", **rated)


def test_another_currency_counts_at_the_recorded_rate_and_nothing_is_lost_between(session: Session) -> None:
    [member] = indebted(session, "Uno")
    invoice = invoiced(session)[member.id]
    rated = {"currency": "CLP", "credited_currency": "USD", "rate": Decimal("0.00105"), "rate_on": NOW.date()}
    payment = paid(session, member, "450001", invoice, rate_source="Banco Central", **rated)
    assert payment.credited == usd("472.50")
    assert invoice.open == usd("27.50")
    assert differences(session) == {(0, 0)}
    assert [(row["currency"], row["bank"], row["exchange"]) for row in operations.reconcile(session, on=DUE)] == [
        ("CLP", 450001, 450001),
        ("USD", 0, -472_50),
    ]
    operations.reverse_payment(session, payment, **BY)
    assert {(row["bank"], row["exchange"]) for row in operations.reconcile(session, on=DUE)} == {(0, 0)}


@pytest.mark.parametrize(
    ("amount", "currency", "rate", "wanted", "result"),
    [
        ("100.00", "EUR", "1.08345", "USD", "108.35"),
        ("0.01", "USD", "0.5", "EUR", "0.01"),
        ("0.01", "USD", "0.49", "EUR", "0.00"),
        ("1000", "CLP", "0.00105", "USD", "1.05"),
        ("1.00", "USD", "952.5", "CLP", "953"),
        ("2.345", "KWD", "3.25", "USD", "7.62"),
    ],
)
def test_half_a_minor_unit_is_rounded_up(amount: str, currency: str, rate: str, wanted: str, result: str) -> None:
    assert convert(Money.parse(amount, currency), Decimal(rate), wanted) == Money.parse(result, wanted)


def test_a_payment_is_refused_with_what_is_wrong(session: Session) -> None:
    member, other = indebted(session, "Uno", "Dos")
    invoices = invoiced(session)
    with pytest.raises(ReceivedInFuture):
        paid(session, member, "1.00", received_on=NOW.date() + timedelta(days=1))
    with pytest.raises(NotPositive):
        paid(session, member, "0.00")
    with pytest.raises(RateMissing):
        paid(session, member, "1.00", currency="EUR", credited_currency="USD")
    with pytest.raises(RateNotNeeded):
        paid(session, member, "1.00", rate=Decimal(1))
    with pytest.raises(OfAnotherMember):
        paid(session, member, "1.00", invoices[other.id])
    with pytest.raises(OtherCurrency) as refusal:
        paid(session, member, "1.00", invoices[member.id], currency="EUR")
    assert refusal.value.pointer == "/invoice_ids/0"
    euros = paid(session, member, "1.00", currency="EUR", reference="TRF EUR")
    between = {"from_member_id": member.id, "to_member_id": member.id, "to_invoice_id": invoices[member.id].id}
    with pytest.raises(OtherCurrency) as refusal:
        operations.move(session, euros, **between, **BY)
    assert refusal.value.pointer == "/to_invoice_id"
    payment = paid(session, member, "10.00")
    with pytest.raises(OfAnotherMember):
        operations.put_on(session, payment, invoice_id=invoices[other.id].id, **BY)
    with pytest.raises(MoreThanCredit):
        operations.put_on(session, payment, invoice_id=invoices[member.id].id, minor=10_01, **BY)
    large = paid(session, member, "900.00")
    with pytest.raises(MoreThanOpen):
        operations.put_on(session, large, invoice_id=invoices[member.id].id, minor=500_01, **BY)


def test_more_than_a_payment_can_count_for_is_refused_by_field(session: Session) -> None:
    member = named_member(session, "Uno")
    rated = {"credited_currency": "CRC", "rate_on": NOW.date(), "rate_source": "BCCR"}
    for amount, rate, pointer in (
        ("10000000000000.01", None, "/amount"),
        ("10000000000000.00", Decimal(999_999_999), "/rate"),
        ("10000000000.00", Decimal(1001), "/rate"),
    ):
        with pytest.raises(TooMuch) as refusal:
            paid(session, member, amount, **(rated | {"rate": rate} if rate else {}))
        assert refusal.value.pointer == pointer
    for number in range(2):
        paid(session, member, "10000000000000.00", reference=f"TRF {number}")
    assert [row["bank"] for row in operations.reconcile(session, on=NOW.date())] == [2 * 10**15]


def test_a_payment_of_the_wrong_member_is_moved_and_both_sides_keep_the_trace(session: Session) -> None:
    wrong, right = indebted(session, "Uno", "Dos")
    invoices = invoiced(session)
    payment = paid(session, wrong, "500.00", invoices[wrong.id])
    moved = {"from_member_id": wrong.id, "from_invoice_id": invoices[wrong.id].id, "to_member_id": right.id}
    operations.move(session, payment, **moved, to_invoice_id=invoices[right.id].id, **BY)
    assert (invoices[wrong.id].state, invoices[right.id].state) == ("issued", "paid")
    assert operations.balances(session, member_id=wrong.id) == {"USD": (500_00, 0)}
    assert operations.balances(session, member_id=right.id) == {"USD": (0, 0)}
    kinds = [one.kind for one in session.scalars(operations.postings_of(payment_id=payment.id))]
    assert sorted(kinds) == ["allocated", "allocated", "moved", "moved", "paid"]
    with pytest.raises(MoreThanAllocated):
        operations.move(session, payment, **moved, **BY)
    with pytest.raises(MovedNowhere):
        operations.move(session, payment, from_member_id=right.id, to_member_id=right.id, **BY)
    assert differences(session) == {(0, 0)}


def test_a_part_can_be_moved_and_the_rest_stays(session: Session) -> None:
    federation, branch = indebted(session, "Uno", "Dos")
    invoices = invoiced(session)
    payment = paid(session, federation, "700.00", invoices[federation.id])
    onto = {"to_member_id": branch.id, "to_invoice_id": invoices[branch.id].id}
    with pytest.raises(MoreThanCredit):
        operations.move(session, payment, from_member_id=federation.id, **onto, amount=usd("200.01"), **BY)
    with pytest.raises(AmountInOtherCurrency):
        operations.move(session, payment, from_member_id=federation.id, **onto, amount=Money(1, "EUR"), **BY)
    operations.move(session, payment, from_member_id=federation.id, **onto, amount=usd("150.00"), **BY)
    assert invoices[branch.id].open == usd("350.00")
    assert operations.balances(session, member_id=federation.id) == {"USD": (0, 50_00)}


def test_a_credit_note_takes_a_part_back_and_frees_what_was_paid_of_it(session: Session) -> None:
    [member] = indebted(session, "Uno")
    invoice = invoiced(session)[member.id]
    paid(session, member, "450.00", invoice)
    note = credited(session, invoice, "100.00", reason="smaller by the audit")
    assert (note.reference, invoice.state, invoice.open) == ("NC-2026-000001", "paid", usd("0.00"))
    assert operations.balances(session, member_id=member.id) == {"USD": (0, 50_00)}
    with pytest.raises(MoreThanInvoiced):
        credited(session, invoice, "400.01")
    assert credited(session, invoice).minor == 400_00
    assert (invoice.state, operations.balances(session, member_id=member.id)) == ("cancelled", {"USD": (0, 450_00)})
    with pytest.raises(MoreThanInvoiced):
        credited(session, invoice)
    told = [fact for fact in published(session) if isinstance(fact, DuesCredited)]
    assert [(fact.means, fact.number, fact.amount, fact.open) for fact in told] == [
        ("credit_note", "NC-2026-000001", 100_00, 0),
        ("credit_note", "NC-2026-000002", 400_00, 0),
    ]
    assert differences(session) == {(0, 0)}


def test_a_cancelled_invoice_is_issued_anew_only_when_asked_for(session: Session) -> None:
    [member] = indebted(session, "Uno")
    invoice = invoiced(session)[member.id]
    credited(session, invoice)
    assert session.scalars(operations.invoices(run_id=a_run(session).id)).all() == []
    again = a_run(session, again=True)
    go_out(session, again)
    [second] = session.scalars(operations.invoices(run_id=again.id))
    assert second.reference == "D-2026-000002"
    due = [fact for fact in session.scalars(operations.facts(member=member)) if fact.kind == "dues_due"]
    assert [fact.reference for fact in due if not fact.voided_by] == ["D-2026-000002"]


def test_a_draft_is_not_credited(session: Session) -> None:
    indebted(session, "Uno")
    a_run(session)
    [draft] = session.scalars(operations.invoices())
    with pytest.raises(NeverIssued):
        credited(session, draft)


def test_a_write_off_needs_somebody_else(session: Session) -> None:
    [member] = indebted(session, "Uno")
    invoice = invoiced(session)[member.id]
    paid(session, member, "100.00", invoice)
    proposed = operations.propose_write_off(session, invoice, **BY)
    assert (proposed.minor, invoice.open) == (400_00, usd("400.00"))
    with pytest.raises(WriteOffProposed):
        operations.propose_write_off(session, invoice, **BY)
    with pytest.raises(ProposerDecides):
        operations.decide_write_off(session, proposed, approve=True, **BY)
    paid(session, member, "50.00", invoice)
    with pytest.raises(MoreThanInvoiced):
        operations.decide_write_off(session, proposed, approve=True, **BY | {"actor": "eva"})
    proposed.state = "proposed"
    operations.decide_write_off(session, proposed, approve=False, **BY | {"actor": "eva"})
    with pytest.raises(WriteOffDecided):
        operations.decide_write_off(session, proposed, approve=True, **BY | {"actor": "eva"})
    again = operations.propose_write_off(session, invoice, **BY)
    operations.decide_write_off(session, again, approve=True, **BY | {"actor": "eva"})
    assert (invoice.state, invoice.open_minor, invoice.written_off_minor) == ("written_off", 0, 350_00)
    assert published(session)[-1].means == "write_off"
    assert differences(session) == {(0, 0)}


def test_only_what_is_free_is_refunded_and_a_reversal_takes_all_back(session: Session) -> None:
    [member] = indebted(session, "Uno")
    invoice = invoiced(session)[member.id]
    payment = paid(session, member, "600.00", invoice)
    to = {"member_id": member.id, "reference": "TRF 9"}
    with pytest.raises(MoreThanCredit):
        operations.refund_payment(session, payment, amount=usd("100.01"), **to, **BY)
    operations.refund_payment(session, payment, amount=usd("100.00"), **to, **BY)
    with pytest.raises(PaymentRefunded):
        operations.reverse_payment(session, payment, **BY)
    bounced = paid(session, member, "20.00", reference="cheque")
    operations.reverse_payment(session, bounced, **BY)
    with pytest.raises(PaymentReversed):
        operations.reverse_payment(session, bounced, **BY)
    assert operations.balances(session, member_id=member.id) == {"USD": (0, 0)}
    [bank] = [row["bank"] for row in operations.reconcile(session, on=DUE)]
    assert bank == 500_00


def standing(session: Session, member: Member, day: date) -> str | None:
    """By all that is known."""
    return operations.position(session, member, on=day, now=NOW + timedelta(days=1000)).state.standing


def test_arrears_lead_to_grace_and_suspension_and_settlement_reinstates(session: Session) -> None:
    [member] = indebted(session, "Uno")
    invoice = invoiced(session)[member.id]
    days = [DUE, DUE + timedelta(days=1), DUE + timedelta(days=31)]
    assert [standing(session, member, day) for day in days] == ["current", "grace", "suspended"]
    late = NOW + timedelta(days=100)
    while operations.announce_next_due(session, now=late):
        pass
    assert member.standing == "suspended"
    paid(session, member, "499.99", invoice, received_on=late.date(), now=late)
    assert member.standing == "suspended"
    paid(session, member, "0.01", invoice, received_on=late.date(), now=late)
    assert member.standing == "current"
    changes = [fact.standing for fact in published(session) if isinstance(fact, MemberStandingChanged)]
    assert changes == ["grace", "suspended", "current"]


def test_a_payment_recorded_late_counts_from_the_day_it_came(session: Session) -> None:
    [member] = indebted(session, "Uno")
    invoice = invoiced(session)[member.id]
    late = NOW + timedelta(days=100)
    while operations.announce_next_due(session, now=late):
        pass
    payment = paid(session, member, "500.00", invoice, received_on=DUE, now=late)
    assert standing(session, member, DUE + timedelta(days=40)) == "current"
    operations.reverse_payment(session, payment, **BY | {"now": late})
    assert (standing(session, member, DUE + timedelta(days=40)), member.standing) == ("suspended", "suspended")
    paid(session, member, "500.00", invoice, received_on=DUE, now=late, reference="again")
    assert member.standing == "current"


def test_each_instalment_is_settled_by_itself(session: Session) -> None:
    [member] = indebted(session, "Uno")
    second = DUE + timedelta(days=60)
    invoice = invoiced(session, DUE, second)[member.id]
    paid(session, member, "250.00", invoice)
    assert (invoice.state, invoice.next_due_on) == ("partially_paid", second)
    assert [standing(session, member, day) for day in (DUE + timedelta(days=50), second + timedelta(days=1))] == [
        "current",
        "grace",
    ]


def test_what_staff_recorded_of_standing_by_hand_stays(session: Session) -> None:
    [member] = indebted(session, "Uno")
    by_hand = {"actor": "eva", "now": NOW}
    operations.record_dues_due(session, member, period="2026", due_on=date(2026, 3, 1), **by_hand)
    operations.record_dues_settled(session, member, period="2026", settled_on=date(2026, 3, 5), **by_hand)
    invoice = invoiced(session)[member.id]
    paid(session, member, "500.00", invoice)
    kinds = [fact.kind for fact in session.scalars(operations.facts(member=member))]
    assert sorted(kinds) == ["admitted", "dues_due", "dues_settled"]


def test_of_many_who_use_the_same_money_at_once_one_wins(engine: Engine) -> None:
    with transaction(engine) as session:
        [member] = indebted(session, "Uno")
        invoice = invoiced(session)[member.id]
        payment = paid(session, member, "400.00")

    def use(_: int) -> None:
        with transaction(engine) as own:
            known = operations.payment_to_change(own, payment_id=payment.id, member_ids=[member.id])
            operations.put_on(own, known, invoice_id=invoice.id, minor=300_00, **BY)

    def record(_: int) -> bool:
        with transaction(engine) as own:
            facts = {"received_on": NOW.date(), "reference": "one", "actor": "ana", "now": NOW}
            return operations.record_payment(own, member_id=member.id, amount=usd("50.00"), **facts)[1]

    with ThreadPoolExecutor(16) as crowd:
        attempts = [crowd.submit(use, number) for number in range(16)]
        repeated = list(crowd.map(record, range(16)))
        refused = [type(one.exception()) for one in attempts if one.exception()]
    assert refused == [MoreThanCredit] * 15
    assert repeated.count(False) == 1
    with transaction(engine) as session:
        assert operations.balances(session, member_id=member.id) == {"USD": (200_00, 150_00)}
        assert len(session.scalars(select(Payment)).all()) == 2
        assert sum(session.scalars(select(Entry.minor))) == 0


def test_invoices_and_payments_follow_when_their_organization_is_merged(session: Session) -> None:
    [member] = indebted(session, "Uno")
    invoice = invoiced(session)[member.id]
    paid(session, member, "100.00", invoice)
    survivor = an_organization(session, name="Federación Una", locality="Uno")
    operations.merge_organizations(session, survivor_id=survivor.id, loser_id=member.organization_id, choices={}, **BY)
    session.expire_all()
    assert invoice.member.organization_id == survivor.id
    paid(session, member, "400.00", invoice)
    assert published(session)[-1].organization_id == survivor.id
