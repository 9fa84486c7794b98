"""A subscription built again from the streams holds what the events make, while live ones wait their turn."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime, timedelta
from threading import Event
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Connection, func, insert, select, text
from sqlalchemy.orm import Session

from shared.contracts.examples import example
from shared.contracts.membership import ContactChanged, MemberAdmitted
from shared.database import connect
from shared.messaging import topology
from shared.messaging.dead_letters import Selection, discard
from shared.messaging.inbox import inbox
from shared.messaging.rebuild import Rebuild
from shared.messaging.replay import (
    AlreadyRebuilding,
    NotRebuildable,
    SubscriptionUnknown,
    how_far,
    list_subscriptions,
    request_replay,
)
from shared.messaging.retries import Retries
from shared.messaging.subscription import Subscription
from shared.messaging.subscriptions import subscriptions
from tests.proxy import proxied
from tests.samples import Sample, Wire, a_channel, a_sample, admitted, send, updated
from tests.waiting import eventually

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)


@pytest.fixture
def sample(broker_addresses: tuple[str, str], database_server_url: str) -> Iterator[Sample]:
    """A sample service beside the publisher's streams, not yet started."""
    with a_sample(broker_addresses, database_server_url, only="keep_member") as sample:
        declare_streams(sample)
        yield sample


def declare_streams(sample: Sample) -> None:
    with a_channel(sample.amqp_uri) as channel:
        channel.exchange_declare(topology.EXCHANGE, "topic", durable=True)
        for visibility in ("public", "internal"):
            name = topology.stream("membership", visibility)
            channel.queue_declare(name, durable=True, arguments=topology.stream_arguments(visibility))
            for key in topology.stream_bindings("membership", visibility):
                channel.queue_bind(name, topology.EXCHANGE, key)


def row(sample: Sample, name: str = "keep_member") -> Any:
    with Session(sample.engine) as session:
        return next((row for row in list_subscriptions(session) if row.name == name), None)


def replay(sample: Sample, name: str = "keep_member", **options: Any) -> None:
    with Session(sample.engine) as session, session.begin():
        request_replay(session, name=name, actor="ana", **{"from_time": None, "now": NOW} | options)


def is_live(sample: Sample, name: str = "keep_member") -> bool:
    known = row(sample, name)
    return known is not None and known.state == "live" and known.finished_at is not None


def wait_until_rebuilt(sample: Sample, name: str = "keep_member") -> None:
    eventually(lambda: is_live(sample, name), every=0.1)


def test_a_new_projection_starts_with_all_there_ever_was(sample: Sample) -> None:
    members = [uuid4() for _ in range(120)]
    send(sample.amqp_uri, [admitted(member=member) for member in members])
    send(sample.amqp_uri, [updated("newer", member=members[0], version=2)])
    sample.start()
    wait_until_rebuilt(sample)
    assert sample.kept().keys() == set(members)
    assert sample.kept()[members[0]] == (2, "newer")
    late = uuid4()
    send(sample.amqp_uri, [admitted(member=late)])
    eventually(lambda: late in sample.kept())
    assert how_far(row(sample)) == (121, 121)


def test_without_a_projection_it_starts_from_now(sample: Sample) -> None:
    sample.only = "note_member"
    send(sample.amqp_uri, [admitted()])
    sample.start()
    sample.wait_until_attached()
    event = admitted()
    send(sample.amqp_uri, [event])
    eventually(lambda: sample.noted() == [event.id])


def test_a_rebuilt_projection_is_made_of_the_events_alone(sample: Sample) -> None:
    sample.start()
    wait_until_rebuilt(sample)
    members = [uuid4() for _ in range(30)]
    send(sample.amqp_uri, [admitted(member=member) for member in members])
    eventually(lambda: len(sample.kept()) == 30)
    with sample.engine.begin() as connection:
        connection.execute(text("UPDATE kept SET name = 'damaged', version = 99"))
        connection.execute(text("INSERT INTO kept VALUES (gen_random_uuid(), 1, 'invented')"))
    replay(sample)
    eventually(lambda: row(sample).state == "rebuilding" or is_live(sample))
    wait_until_rebuilt(sample)
    assert sample.kept() == dict.fromkeys(members, (1, "Cooperativa La Unión"))


def test_events_that_come_meanwhile_wait_and_are_done_once(sample: Sample) -> None:
    sample.only = "keep_member,list_members"
    sample.start()
    wait_until_rebuilt(sample, "list_members")
    before = [admitted() for _ in range(300)]
    send(sample.amqp_uri, before)
    eventually(lambda: len(sample.noted("list_members")) == 300)
    replay(sample, "list_members")
    meanwhile = [admitted() for _ in range(100)]
    send(sample.amqp_uri, meanwhile)
    wait_until_rebuilt(sample, "list_members")
    eventually(lambda: len(sample.noted("list_members")) >= 400)
    assert sorted(sample.noted("list_members")) == sorted(event.id for event in [*before, *meanwhile])


def test_from_a_date_on_it_holds_only_what_happened_since(sample: Sample) -> None:
    sample.start()
    wait_until_rebuilt(sample)
    old, new = uuid4(), uuid4()
    send(sample.amqp_uri, [Wire(admitted(member=old).event, at=datetime.now(UTC) - timedelta(days=2))])
    send(sample.amqp_uri, [admitted(member=new)])
    eventually(lambda: sample.kept().keys() == {old, new})
    replay(sample, from_time=datetime.now(UTC) - timedelta(days=1))
    wait_until_rebuilt(sample)
    assert sample.kept().keys() == {new}


def test_killed_in_the_middle_it_goes_on_where_it_was(sample: Sample) -> None:
    sample.only = "list_members"
    events = [admitted() for _ in range(1500)]
    send(sample.amqp_uri, events)
    process = sample.start()
    eventually(lambda: len(sample.noted("list_members")) >= 200, every=0.005)
    process.kill()
    process.wait()
    done = len(sample.noted("list_members"))
    assert row(sample, "list_members").state == "rebuilding"
    sample.start()
    wait_until_rebuilt(sample, "list_members")
    assert sorted(sample.noted("list_members")) == sorted(event.id for event in events)
    assert done < 1500
    # More than is fetched ahead, and the broker closed no channel over it.
    assert not [line for line in sample.logged() if "goes on later: PreconditionFailed" in line["message"]]


def test_of_two_replicas_one_rebuilds_and_the_other_waits(sample: Sample) -> None:
    sample.only = "list_members"
    sample.start()
    sample.start()
    wait_until_rebuilt(sample, "list_members")
    events = [admitted() for _ in range(400)]
    send(sample.amqp_uri, events)
    eventually(lambda: len(sample.noted("list_members")) == 400)
    replay(sample, "list_members")
    wait_until_rebuilt(sample, "list_members")
    with sample.engine.connect() as connection:
        assert connection.scalar(text("SELECT count(DISTINCT pid) FROM notes")) == 1
    assert sorted(sample.noted("list_members")) == sorted(event.id for event in events)


def test_internal_events_come_from_the_internal_stream(sample: Sample) -> None:
    sample.only = "list_contacts"
    contact = Wire(example(ContactChanged))
    send(sample.amqp_uri, [contact, admitted()])
    sample.start()
    wait_until_rebuilt(sample, "list_contacts")
    assert sample.noted("list_contacts") == [contact.id]


def test_what_was_discarded_stays_discarded(sample: Sample) -> None:
    sample.only = "list_members"
    sample.start()
    wait_until_rebuilt(sample, "list_members")
    refused = admitted("refuse")
    send(sample.amqp_uri, [refused])
    eventually(lambda: sample.dead("list_members"))
    with Session(sample.engine) as session, session.begin():
        discard(session, selection=Selection(), actor="ana", note="", now=NOW)
    replay(sample, "list_members")
    wait_until_rebuilt(sample, "list_members")
    assert [each.state for each in sample.dead("list_members")] == ["discarded"]


def test_a_dead_letter_that_goes_well_in_a_rebuild_is_settled(sample: Sample) -> None:
    sample.only = "list_members"
    sample.start()
    wait_until_rebuilt(sample, "list_members")
    event = admitted("until mended")
    send(sample.amqp_uri, [event])
    eventually(lambda: sample.dead("list_members"))
    (sample.folder / "mended").touch()
    replay(sample, "list_members")
    wait_until_rebuilt(sample, "list_members")
    assert sample.noted("list_members") == [event.id]
    assert [each.state for each in sample.dead("list_members")] == ["redriven"]


def test_a_lost_queue_is_made_again_and_what_went_by_is_caught_up(sample: Sample) -> None:
    """Trap: an event published while a subscriber's queue is missing vanishes without an error."""
    sample.only = "note_member"
    sample.start()
    sample.wait_until_attached()
    before = [admitted() for _ in range(20)]
    send(sample.amqp_uri, before)
    eventually(lambda: len(sample.noted()) == 20)
    eventually(lambda: row(sample, "note_member").attached_at is not None)
    sample.stop()
    with a_channel(sample.amqp_uri) as channel:
        channel.queue_delete("sample.note_member")
    missed = [admitted() for _ in range(20)]
    send(sample.amqp_uri, missed)
    sample.start()
    eventually(lambda: len(sample.noted()) >= 40)
    late = admitted()
    eventually(lambda: is_live(sample, "note_member"))
    sample.wait_until_attached()
    send(sample.amqp_uri, [late])
    eventually(lambda: late.id in sample.noted())
    assert sorted(sample.noted()) == sorted(event.id for event in [*before, *missed, late])


def test_what_has_effects_or_is_unknown_is_refused(sample: Sample) -> None:
    sample.only = "note_member,keep_member"
    sample.start()
    wait_until_rebuilt(sample)
    eventually(lambda: row(sample, "note_member"))
    with pytest.raises(NotRebuildable, match="effects"):
        replay(sample, "note_member")
    with pytest.raises(SubscriptionUnknown, match="keep_member, note_member"):
        replay(sample, "keep_members")
    replay(sample)
    with pytest.raises(AlreadyRebuilding):
        replay(sample)
    wait_until_rebuilt(sample)
    with sample.engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(inbox)) == 0


def test_a_rebuild_the_network_cut_off_leaves_the_subscription_to_others(
    sample: Sample, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Trap: its session holds the lock as long as the server believes in it, and every process waits."""
    monkeypatch.setattr("shared.messaging.rebuild.SILENT_SECONDS", 1)
    with proxied(sample.url) as (network, through), lock_of(through) as ours:
        assert ours is not None
        network.swallow("up", "down")
        eventually(lambda: is_free(sample.url), within=20)


def is_free(url: str) -> bool:
    with lock_of(url) as theirs:
        return theirs is not None


@contextmanager
def lock_of(url: str) -> Iterator[Connection | None]:
    engine = connect(url)
    rebuild: Any = Rebuild(
        Subscription(service="sample", name="keep_member", events=(MemberAdmitted,)),
        engine=engine,
        amqp_uri="",
        worker=nullcontext,
        retries=Retries("", "sample"),
        stopping=Event(),
    )
    with rebuild._alone() as connection:
        yield connection
    engine.dispose()


def test_catching_up_since_a_time_after_everything_in_the_stream_comes_to_an_end(sample: Sample) -> None:
    """The broker was away at the first start, and nothing was published since."""
    sample.only = "note_member"
    send(sample.amqp_uri, [admitted()])
    begun = {"name": "note_member", "state": "catching up", "rebuildable": False}
    times = {"created_at": func.now() - timedelta(minutes=1), "from_time": func.now() + timedelta(hours=1)}
    with sample.engine.begin() as connection:
        connection.execute(insert(subscriptions).values(**begun, **times))
    sample.start()
    eventually(lambda: is_live(sample, "note_member"))
    sample.wait_until_attached()
    event = admitted()
    send(sample.amqp_uri, [event])
    eventually(lambda: sample.noted() == [event.id])
