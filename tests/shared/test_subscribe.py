"""What a subscription promises, on a real broker and a real database."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from sqlalchemy import select

from shared.database import transaction
from shared.messaging.outbox import outbox
from shared.messaging.wire import decode
from shared.tracing import Trace
from tests.poison import POISON
from tests.samples import Sample, Wire, a_channel, a_sample, admitted, send, updated
from tests.waiting import eventually


@pytest.fixture(scope="module")
def service(broker_addresses: tuple[str, str], database_server_url: str) -> Iterator[Sample]:
    """One running service for the tests that don't stop it."""
    with a_sample(broker_addresses, database_server_url, only="note_member,keep_member,list_members") as sample:
        sample.start()
        sample.wait_until_attached()
        yield sample


@pytest.fixture
def running(service: Sample) -> Sample:
    service.forget()
    return service


@pytest.fixture
def sample(broker_addresses: tuple[str, str], database_server_url: str) -> Iterator[Sample]:
    with a_sample(broker_addresses, database_server_url) as sample:
        yield sample


def test_each_event_is_handled_once_and_acknowledged(running: Sample) -> None:
    events = [admitted() for _ in range(250)]
    send(running.amqp_uri, events + events[:50])
    eventually(lambda: len(running.noted()) >= 250)
    assert sorted(running.noted()) == sorted(event.id for event in events)
    eventually(lambda: running.unsettled("sample.note_member", "sample.list_members") == 0)


def test_events_that_are_already_there_are_handled_in_groups(sample: Sample) -> None:
    sample.start()
    sample.wait_until_attached()
    sample.stop()
    send(sample.amqp_uri, [admitted() for _ in range(300)])
    sample.start()
    sample.wait_until_attached()
    eventually(lambda: len(sample.noted()) == 300)
    with sample.engine.connect() as connection:
        transactions = connection.exec_driver_sql("SELECT count(DISTINCT xmin::text) FROM notes").scalar()
    assert transactions < 30


def test_a_bad_event_harms_nobody_else(running: Sample) -> None:
    """Trap: stock nameko acknowledges the event of a failed handler, and it is gone."""
    good = [admitted() for _ in range(20)]
    refused, failing = admitted("refuse"), admitted("fail always")
    send(running.amqp_uri, [*good[:10], refused, failing, *good[10:]])
    eventually(lambda: len(running.noted()) == 20)
    assert set(running.noted()) == {event.id for event in good}
    eventually(lambda: len(running.dead()) == 2)
    by_id = {row.event_id: row for row in running.dead()}
    assert (by_id[refused.id].error_kind, by_id[refused.id].attempts) == ("refused", 1)
    assert by_id[refused.id].error_message == "The name is not liked."
    assert (by_id[failing.id].error_kind, by_id[failing.id].attempts) == ("failed", 3)
    assert by_id[failing.id].error_type == "RuntimeError"
    assert by_id[failing.id].body == failing.body
    assert by_id[failing.id].first_failed_at < by_id[failing.id].last_failed_at


def test_what_fails_for_a_while_is_tried_later_and_succeeds(running: Sample) -> None:
    """Trap: stock nameko's only other choice is to requeue at once, without end."""
    passing = admitted("once a")
    send(running.amqp_uri, [passing])
    eventually(lambda: running.noted() == [passing.id])
    assert running.dead() == []


def test_errors_leave_no_personal_data_behind(running: Sample) -> None:
    send(running.amqp_uri, [admitted("fail x")])
    eventually(running.dead)
    assert "someone@example.org" not in running.log.read_text()
    assert "someone@example.org" not in running.dead()[0].error_message


def test_poison_is_a_dead_letter_at_once_and_others_go_on(running: Sample) -> None:
    """Trap: stock nameko acknowledges a body it can't decode, and it is gone."""
    good = [admitted() for _ in POISON]
    send(running.amqp_uri, [each for pair in zip(POISON.values(), good, strict=True) for each in pair])
    eventually(lambda: set(running.noted()) == {event.id for event in good})
    eventually(lambda: len(running.dead()) == len(POISON))
    for row in running.dead():
        assert (row.error_kind, row.attempts) == ("unreadable", 1)
        assert row.error_message
    assert {row.body for row in running.dead()} == set(POISON.values())


def test_events_published_by_a_handler_name_their_cause(running: Sample) -> None:
    trace = Trace(correlation_id="c-1", actor="user/7")
    cause = admitted("publish")
    cause = Wire(cause.event, trace=trace)
    send(running.amqp_uri, [admitted(), cause, admitted()])
    eventually(lambda: len(running.noted()) == 3)
    with transaction(running.engine) as session:
        said = decode(session.scalars(select(outbox.c.body)).one()).trace
    assert (said.correlation_id, said.causation_id, said.actor) == ("c-1", str(cause.id), "user/7")
    assert said.traceparent.split("-")[1] == trace.traceparent.split("-")[1]


def test_a_handler_that_swallows_a_database_error_is_not_taken_at_its_word(running: Sample) -> None:
    """Trap: PostgreSQL answers the commit of a failed transaction with a silent rollback."""
    good = admitted()
    send(running.amqp_uri, [admitted("swallow"), good])
    [row] = eventually(running.dead)
    assert row.error_type in {"SwallowedError", "InternalError"}
    assert running.noted() == [good.id]


def test_an_event_that_costs_the_database_connection_each_time_is_found_out(running: Sample) -> None:
    good = admitted()
    send(running.amqp_uri, [admitted("lose"), good])
    eventually(lambda: running.noted() == [good.id])
    eventually(running.dead)


def test_latest_hands_over_the_newest_and_nothing_older_after_it(running: Sample) -> None:
    member = uuid4()
    send(running.amqp_uri, [updated("third", member=member, version=3)])
    eventually(lambda: running.kept() == {member: (3, "third")})
    send(running.amqp_uri, [admitted("first", member=member), updated("second", member=member, version=2)])
    send(running.amqp_uri, [updated("fourth", member=member, version=4)])
    eventually(lambda: running.kept() == {member: (4, "fourth")})


def test_many_are_handed_over_in_one_call(running: Sample) -> None:
    events = [admitted() for _ in range(50)]
    send(running.amqp_uri, [*events, *events])
    eventually(lambda: sorted(running.noted("list_members")) == sorted(event.id for event in events))


def test_two_replicas_share_the_work(sample: Sample) -> None:
    sample.start()
    sample.start()
    eventually(lambda: sample.consumers("sample.note_member") == 2)
    events = [admitted("sleep 0.01") for _ in range(300)]
    send(sample.amqp_uri, events)
    eventually(lambda: len(sample.noted()) >= 300)
    assert sorted(sample.noted()) == sorted(event.id for event in events)
    with sample.engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(DISTINCT pid) FROM notes").scalar() == 2


def test_a_left_over_binding_does_no_harm(running: Sample) -> None:
    with a_channel(running.amqp_uri) as channel:
        channel.queue_bind("sample.note_member", "intercoop.events", "membership.member.updated.v1")
    good = admitted()
    send(running.amqp_uri, [updated("not for us", member=uuid4(), version=1), good])
    eventually(lambda: running.noted() == [good.id])
    assert running.dead() == []


def test_a_slow_subscription_holds_up_no_other(running: Sample) -> None:
    """Trap: stock nameko has one connection, one prefetch and one pool of workers for all handlers."""
    slow = admitted("hold on")
    send(running.amqp_uri, [slow, *[admitted() for _ in range(40)]])
    eventually(lambda: len(running.kept()) == 41)
    eventually(lambda: len(running.noted("list_members")) == 41)
    assert slow.id not in running.noted()
    (running.folder / "on").touch()
    eventually(lambda: len(running.noted()) == 41)


def test_whoever_the_broker_refuses_asks_less_and_less_often(sample: Sample) -> None:
    parts = urlsplit(sample.amqp_uri)
    stranger = parts._replace(netloc=f"{parts.username}:wrong@{parts.hostname}:{parts.port}").geturl()
    sample.start(amqp_uri=stranger)

    def refusals() -> list[datetime]:
        said = [line for line in sample.logged() if line["message"].startswith("rebuilding goes on later")]
        return [datetime.fromisoformat(line["time"]) for line in said]

    eventually(lambda: len(refusals()) > 3)
    assert refusals()[3] - refusals()[2] > timedelta(seconds=1)
