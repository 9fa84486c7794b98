"""What leaves a service leaves with its transaction, numbered by subject."""

from dataclasses import replace
from datetime import UTC, date, datetime
from uuid import uuid4

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from shared.contracts.membership import MemberAdmitted
from shared.database import plumbing, transaction
from shared.messaging.outbox import AT_ONCE, outbox, publish, publish_all, published
from shared.messaging.wire import decode
from shared.tracing import Trace

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)


def an_admission() -> MemberAdmitted:
    return MemberAdmitted(
        member_id=uuid4(),
        organization_id=uuid4(),
        name="Cooperativa La Unión",
        country="AR",
        sectors=("agriculture",),
        category="full",
        standing="current",
        language="es",
        admitted_on=date(2026, 5, 4),
    )


@pytest.fixture
def prepared(engine: Engine) -> Engine:
    plumbing.create_all(engine)
    return engine


def test_a_published_event_comes_back_as_it_was_said(prepared: Engine) -> None:
    admission = an_admission()
    with transaction(prepared) as session:
        publish(session, admission, at=NOW)
    with transaction(prepared) as session:
        assert published(session) == [admission]


def test_nothing_leaves_when_the_transaction_fails(prepared: Engine) -> None:
    with pytest.raises(RuntimeError), transaction(prepared) as session:
        publish(session, an_admission(), at=NOW)
        raise RuntimeError
    with transaction(prepared) as session:
        assert published(session) == []


def test_versions_of_a_subject_count_up_by_themselves(prepared: Engine) -> None:
    admission = an_admission()
    with transaction(prepared) as session:
        publish(session, admission, at=NOW)
        publish(session, admission, at=NOW)
        publish(session, an_admission(), at=NOW)
        bodies = session.scalars(select(outbox.c.body).order_by(outbox.c.id)).all()
    assert [decode(body).subject_version for body in bodies] == [1, 2, 1]


def test_many_leave_in_their_order_and_count_up_as_if_said_one_by_one(prepared: Engine) -> None:
    first, *others = (an_admission() for _ in range(AT_ONCE))
    with transaction(prepared) as session:
        publish(session, first, at=NOW)
        publish_all(session, iter([*others, first, first]), at=NOW)
        assert published(session) == [first, *others, first, first]
        bodies = session.scalars(select(outbox.c.body).where(outbox.c.subject == first.subject).order_by(outbox.c.id))
        assert [decode(body).subject_version for body in bodies] == [1, 2, 3]


def test_two_writers_of_one_subject_cannot_both_win(prepared: Engine) -> None:
    admission = an_admission()
    with Session(prepared) as first, Session(prepared) as second:
        publish(first, admission, at=NOW)
        second.connection().exec_driver_sql("SET lock_timeout = '100ms'")
        with pytest.raises(Exception, match="lock timeout"):
            publish(second, admission, at=NOW)
        second.rollback()
        first.commit()
        publish(second, admission, at=NOW)
        second.commit()


def test_the_event_carries_where_it_came_from(prepared: Engine) -> None:
    trace = Trace(correlation_id="c-1", causation_id="e-1", actor="user/7")
    with transaction(prepared, trace) as session:
        publish(session, an_admission(), at=NOW)
        body = session.scalars(select(outbox.c.body)).one()
    assert decode(body).trace == trace
    assert decode(body).time == NOW


def test_a_subject_version_is_taken_once(prepared: Engine) -> None:
    with pytest.raises(IntegrityError), transaction(prepared) as session:
        publish(session, an_admission(), at=NOW)
        row = session.execute(select(outbox)).one()._asdict()
        row.pop("id")
        session.execute(outbox.insert().values(**row | {"event_id": uuid4()}))


def test_an_event_too_large_for_the_broker_is_refused(prepared: Engine) -> None:
    with pytest.raises(ValueError, match="larger than"), transaction(prepared) as session:
        publish(session, replace(an_admission(), name="x" * 70_000), at=NOW)
