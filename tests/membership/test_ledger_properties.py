"""Whatever is done with money, in whatever order: nothing is lost, and every figure is a sum of entries."""

from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any, get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from services.membership import operations
from services.membership.dues.instalments import Instalment, Reduction, Share, open_parts, settled_days, split
from services.membership.model import Entry, Invoice, Member, Payment, Posting
from services.membership.model.ledger import PostingKind
from shared.contracts.membership import DuesCredited, DuesInvoiced, DuesPaid
from shared.errors import DomainError
from shared.messaging.outbox import published
from shared.money import Money
from tests.examples import examples
from tests.membership.making import NOW
from tests.membership.making_invoices import DUE, a_run, go_out, indebted

KINDS = ["pay", "foreign", "put", "off", "move", "credit", "write", "refund", "reverse"]
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["pay", *KINDS]),
        st.integers(0, 7),
        st.integers(0, 7),
        st.integers(1, 700_00),
        st.integers(0, 40),
    ),
    max_size=14,
)
PERIODS = st.lists(st.tuples(st.integers(-20, 150), st.integers(0, 150)), min_size=1, max_size=3)
"""The first day, from the day the invoices went out, and how many follow it."""


@pytest.fixture(scope="module")
def house(membership_engine: Engine) -> Iterator[tuple[Session, list[Member]]]:
    """Two members with an invoice each, one of them in two parts; every example starts from here."""
    with Session(membership_engine, expire_on_commit=False) as session:
        members = indebted(session, "Uno", "Dos")
        go_out(session, a_run(session, DUE, DUE + timedelta(days=30)))
        yield session, members


class Treasury:
    """Does what a step says, or is refused."""

    def __init__(self, session: Session, members: list[Member]) -> None:
        self.session, self.members = session, members
        self.now = NOW

    def do(self, step: tuple[str, int, int, int, int]) -> None:
        kind, first, second, minor, days = step
        self.now += timedelta(days=days)
        words: dict[str, Any] = {"reason": "x", "actor": "ana", "now": self.now}
        with suppress(DomainError, IndexError), self.session.begin_nested():
            getattr(self, kind)(first, second, minor, words)

    def payment(self, which: int) -> Payment:
        every = self.session.scalars(select(Payment).order_by(Payment.reference)).all()
        return every[which % len(every)] if every else every[0]

    def invoice(self, which: int) -> Invoice:
        member = self.members[which % 2]
        return self.session.scalars(select(Invoice).where(Invoice.member_id == member.id)).one()

    def _record(self, first: int, second: int, amount: Money, **facts: Any) -> None:
        member = self.members[first % 2]
        onto = [self.invoice(first).id] if second % 2 else []
        number = self.session.scalar(select(func.count()).select_from(Payment)) or 0
        received = max(NOW.date(), self.now.date() - timedelta(days=second * 9))
        operations.record_payment(
            self.session,
            reference=f"{number:03}",
            member_id=member.id,
            received_on=received,
            amount=amount,
            invoice_ids=onto,
            actor="ana",
            now=self.now,
            **facts,
        )

    def pay(self, first: int, second: int, minor: int, words: dict[str, Any]) -> None:
        self._record(first, second, Money(minor, "USD"))

    def foreign(self, first: int, second: int, minor: int, words: dict[str, Any]) -> None:
        rate = {"credited_currency": "USD", "rate": Decimal(minor) / 997, "rate_on": NOW.date(), "rate_source": "x"}
        self._record(first, second, Money(minor, "CLP"), **rate)

    def put(self, first: int, second: int, minor: int, words: dict[str, Any]) -> None:
        wanted = minor if second % 2 else None
        operations.put_on(self.session, self.payment(first), invoice_id=self.invoice(second).id, minor=wanted, **words)

    def off(self, first: int, second: int, minor: int, words: dict[str, Any]) -> None:
        operations.take_off(self.session, self.payment(first), invoice_id=self.invoice(second).id, **words)

    def move(self, first: int, second: int, minor: int, words: dict[str, Any]) -> None:
        source, target = self.members[second % 2], self.members[(second + 1) % 2]
        between: dict[str, Any] = {"from_member_id": source.id, "to_member_id": target.id}
        if second % 4 > 1:
            between["from_invoice_id"] = self.invoice(second).id
        if second > 3:
            between["to_invoice_id"] = self.invoice(second + 1).id
        operations.move(self.session, self.payment(first), **between, **words)

    def credit(self, first: int, second: int, minor: int, words: dict[str, Any]) -> None:
        operations.credit_invoice(
            self.session, self.invoice(first), series="NC", amount=Money(minor, "USD") if second else None, **words
        )

    def write(self, first: int, second: int, minor: int, words: dict[str, Any]) -> None:
        proposed = operations.propose_write_off(self.session, self.invoice(first), **words)
        operations.decide_write_off(self.session, proposed, approve=second > 3, **words | {"actor": "eva"})

    def refund(self, first: int, second: int, minor: int, words: dict[str, Any]) -> None:
        to = {"member_id": self.members[second % 2].id, "amount": Money(minor, "USD"), "reference": ""}
        operations.refund_payment(self.session, self.payment(first), **to, **words)

    def reverse(self, first: int, second: int, minor: int, words: dict[str, Any]) -> None:
        operations.reverse_payment(self.session, self.payment(first), **words)


def check(session: Session, members: list[Member], last: date) -> None:
    by_posting = select(Entry.posting_id, Entry.currency, func.sum(Entry.minor)).group_by(
        Entry.posting_id, Entry.currency
    )
    assert {int(minor) for _, _, minor in session.execute(by_posting)} <= {0}
    for invoice in session.scalars(select(Invoice)):
        of = session.scalars(select(Entry).where(Entry.invoice_id == invoice.id)).all()
        assert sum(entry.minor for entry in of) == invoice.open_minor
    days = [NOW.date() + timedelta(days=number) for number in range(0, (last - NOW.date()).days + 2, 7)]
    for day in [*days, last]:
        rows = operations.reconcile(session, on=day)
        assert {(row["difference"], row["invoices_differ"]) for row in rows} == {(0, 0)}
        owed = [operations.balances(session, member_id=one.id, on=day).get("USD", (0, 0)) for one in members]
        assert all(receivable >= 0 and credit >= 0 for receivable, credit in owed)
        [usd] = [row for row in rows if row["currency"] == "USD"]
        assert (usd["receivable"], usd["on_account"]) == (sum(one[0] for one in owed), sum(one[1] for one in owed))


def check_collections(session: Session, periods: list[tuple[int, int]], now: datetime) -> None:
    """Of any period: what was owed and billed, less what was collected and given up, is what is owed by the ledger."""
    for first, days in periods:
        since = NOW.date() + timedelta(days=first)
        until = since + timedelta(days=days)
        owed = [receivable(session, on=day) for day in (since - timedelta(days=1), until)]
        found = operations.growth_report(session, since=since, until=until, now=now).billing
        for groups in (found.total, found.countries, found.categories):
            opening, outstanding = Counter[str](), Counter[str]()
            for one in groups:
                ended = one.opening + one.invoiced - one.credited - one.collected - one.written_off
                opening[one.currency] += one.opening
                outstanding[one.currency] += ended
            assert [opening, outstanding] == owed


def receivable(session: Session, *, on: date) -> Counter[str]:
    return Counter({str(row["currency"]): int(row["receivable"]) for row in operations.reconcile(session, on=on)})


def check_events(session: Session) -> None:
    """Who only reads the events knows what is open of each invoice, and what was at the end of any day."""
    open_: dict[Any, int] = {}
    days: Counter[tuple[Any, date]] = Counter()
    for fact in published(session):
        if isinstance(fact, DuesInvoiced):
            open_[fact.invoice_id] = fact.amount
            days[fact.invoice_id, fact.issued_on] += fact.amount
        if isinstance(fact, DuesPaid | DuesCredited):
            assert fact.booked_on
            open_[fact.invoice_id] -= fact.amount
            days[fact.invoice_id, fact.booked_on] -= fact.amount
            assert open_[fact.invoice_id] == fact.open
    assert open_ == {one.id: one.open_minor for one in session.scalars(select(Invoice))}
    entries = select(Entry.invoice_id, Entry.booked_on, func.sum(Entry.minor)).where(Entry.account == "receivable")
    rows = session.execute(entries.group_by(Entry.invoice_id, Entry.booked_on))
    assert days == Counter({(invoice_id, day): int(minor) for invoice_id, day, minor in rows})


def told(session: Session) -> list[tuple[Any, ...]]:
    """The ledger without its ids."""
    query = select(Posting.kind, Entry.account, Entry.member_id, Entry.minor, Entry.currency, Entry.booked_on)
    return sorted(tuple(row) for row in session.execute(query.join(Entry)))


@settings(max_examples=examples(5), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS, periods=PERIODS)
def test_nothing_is_lost_in_any_sequence_and_a_replay_gives_the_same(
    house: tuple[Session, list[Member]],
    steps: list[tuple[str, int, int, int, int]],
    periods: list[tuple[int, int]],
) -> None:
    session, members = house
    ledgers = []
    for _ in range(2):
        with session.begin_nested() as example:
            treasury = Treasury(session, members)
            for step in steps:
                treasury.do(step)
            check(session, members, treasury.now.date())
            check_collections(session, periods, treasury.now)
            check_events(session)
            ledgers.append(told(session))
            example.rollback()
        session.expire_all()
    assert ledgers[0] == ledgers[1]


DONE = [
    ("pay", 0, 0, 200_00, 0),
    ("put", 0, 0, 1, 1),
    ("off", 0, 0, 1, 1),
    ("move", 0, 0, 1, 1),
    ("refund", 0, 1, 50_00, 1),
    ("foreign", 0, 1, 400_00, 1),
    ("reverse", 1, 0, 1, 1),
    ("credit", 0, 1, 30_00, 1),
    ("write", 1, 4, 1, 1),
]
"""Steps none of which is refused."""


def test_every_kind_of_step_books_and_together_they_book_every_kind_of_posting(
    house: tuple[Session, list[Member]],
) -> None:
    session, members = house
    assert {kind for kind, *_ in DONE} == set(KINDS)
    with session.begin_nested() as example:
        treasury = Treasury(session, members)
        ledger = told(session)
        for step in DONE:
            treasury.do(step)
            before, ledger = ledger, told(session)
            assert len(ledger) > len(before), step
            check(session, members, treasury.now.date())
            check_events(session)
        assert {kind for kind, *_ in ledger} == set(get_args(PostingKind))
        example.rollback()
    session.expire_all()


PARTS = st.lists(st.integers(1, 1000), min_size=1, max_size=6)


@given(minor=st.integers(1, 10**12), weights=PARTS)
def test_instalments_always_make_up_the_whole(minor: int, weights: list[int]) -> None:
    shares = [
        Share(Fraction(100 * one, sum(weights)), DUE + timedelta(days=number)) for number, one in enumerate(weights)
    ]
    parts = split(minor, shares)
    assert sum(one.minor for one in parts) == minor
    assert all(one.minor > 0 for one in parts)
    assert [one.number for one in parts] == list(range(1, len(parts) + 1))


@given(amounts=PARTS, paid=st.lists(st.tuples(st.integers(0, 30), st.integers(1, 1500)), max_size=6))
def test_instalments_are_settled_in_order_and_exactly_those_that_are_covered(
    amounts: list[int], paid: list[tuple[int, int]]
) -> None:
    parts = [Instalment(number, DUE, minor) for number, minor in enumerate(amounts, 1)]
    reductions = [Reduction(DUE + timedelta(days=day), minor) for day, minor in paid]
    days = settled_days(parts, reductions)
    total = min(sum(one.minor for one in reductions), sum(amounts))
    left = open_parts(parts, sum(amounts) - total)
    assert [one.number for one in left] == [part.number for part, day in zip(parts, days, strict=True) if not day]
    assert sum(one.minor for one in left) == sum(amounts) - total
    settled = [day for day in days if day]
    assert settled == sorted(settled)
