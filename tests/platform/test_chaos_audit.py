"""The audit that every chaos test ends with finds what is wrong, each kind by its name."""

from pathlib import Path

import pytest
from sqlalchemy import Engine, insert

from shared.messaging import topology
from shared.messaging.inbox import inbox, latest_versions
from shared.messaging.subscriptions import subscriptions
from shared.messaging.topology import stream
from tests import audits
from tests.audits import Unbalanced, assert_balanced, audit_all
from tests.outboxes import connect_plain
from tests.sample_service import kept, notes
from tests.samples import Sample, Wire, a_channel, admitted, updated

ADMITTED, CHANGED = 20, 10


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is under way here, so nothing is waited for."""
    monkeypatch.setattr(audits, "ARRIVAL_SECONDS", 0)


@pytest.fixture
def sample(engine: Engine, amqp_uri: str, publisher_url: str, tmp_path: Path) -> Sample:
    """Members were admitted and some of them changed, and all of it was handled: by hand, without a process."""
    sample = Sample(engine, amqp_uri, tmp_path, publisher_url=publisher_url, only="note_member,keep_member")
    admissions = [admitted() for _ in range(ADMITTED)]
    changes = [updated("newer", member=each.event.member_id, version=2) for each in admissions[:CHANGED]]
    attach(sample)
    sample.say([*admissions, *changes])
    handle(sample, admissions, changes)
    return sample


def attach(sample: Sample) -> None:
    with a_channel(sample.amqp_uri) as channel, sample.engine.begin() as connection:
        for name in sample.only.split(","):
            queue, arguments = topology.queue("sample", name), topology.queue_arguments("sample")
            channel.queue_declare(queue, durable=True, arguments=arguments)
            connection.execute(insert(subscriptions).values(name=name, state="live", rebuildable=False))


def handle(sample: Sample, admissions: list[Wire], changes: list[Wire]) -> None:
    newest = {each.event.member_id: each for each in [*admissions, *changes]}
    handled = {"note_member": admissions, "keep_member": [*admissions, *changes]}
    noted = {"subscription": "note_member", "version": 1, "name": "", "pid": 1}
    rows = {
        inbox: [{"subscription": name, "event_id": each.id} for name, wires in handled.items() for each in wires],
        notes: [noted | {"event_id": each.id, "subject": each.event.subject} for each in admissions],
        kept: [{"member_id": member, "version": each.version, "name": ""} for member, each in newest.items()],
        latest_versions: [
            {"subscription": "keep_member", "subject": each.event.subject, "version": each.version}
            for each in newest.values()
        ],
    }
    with sample.engine.begin() as connection:
        for table, values in rows.items():
            connection.execute(insert(table), values)


SPOILED = {
    "lost: published, but keep_member has neither handled nor buried it": (
        "sample",
        """DELETE FROM inbox WHERE (subscription, event_id) IN
               (SELECT 'keep_member', event_id FROM notes WHERE id = 1)""",
    ),
    "lost: events handled, but not noted": ("sample", "DELETE FROM notes WHERE id = 2"),
    "doubled: events noted twice": (
        "sample",
        """INSERT INTO notes (subscription, event_id, subject, version, name, pid)
           SELECT subscription, event_id, subject, version, name, pid FROM notes WHERE id = 3""",
    ),
    "doubled: events noted, but not as handled": (
        "sample",
        """INSERT INTO notes (subscription, event_id, subject, version, name, pid)
           VALUES ('note_member', gen_random_uuid(), 'member/1', 1, '', 1)""",
    ),
    "lost: members whose newest state is not kept": (
        "sample",
        "UPDATE kept SET version = 1 WHERE member_id = (SELECT member_id FROM kept WHERE version = 2 LIMIT 1)",
    ),
    "dead: dead letters of note_member": (
        "sample",
        """INSERT INTO dead_letters (id, subscription, event_id, type, subject, digest, body, headers, error_kind,
                                     error_type, error_message, attempts, first_failed_at, last_failed_at, state)
           VALUES (gen_random_uuid(), 'note_member', NULL, '', '', '', '', '{}', 'unreadable', '', '', 1, now(), now(),
                   'dead')""",
    ),
    "lost: positions missing in the outbox": (
        "publisher",
        "DELETE FROM outbox WHERE position = (SELECT max(position) - 1 FROM outbox)",
    ),
    "pending: not yet confirmed by the broker": (
        "publisher",
        """INSERT INTO outbox (event_id, topic, subject, subject_version, body, visibility)
           VALUES (gen_random_uuid(), 'membership.member.admitted.v1', 'member/1', 1, '{}', 'public')""",
    ),
}


def test_where_all_is_well_it_finds_nothing(sample: Sample) -> None:
    assert_balanced(sample.audited())


def test_where_nothing_was_published_there_is_nothing_to_audit(sample: Sample) -> None:
    with connect_plain(sample.publisher_url) as connection:
        connection.execute("DELETE FROM outbox")
    with pytest.raises(Unbalanced, match="nothing was published"):
        assert_balanced(sample.audited())


def spoil(url: str, statement: str) -> None:
    with connect_plain(url) as connection:
        assert connection.execute(statement).rowcount == 1


def test_each_kind_of_damage_is_found_by_its_name(sample: Sample) -> None:
    for place, statement in SPOILED.values():
        spoil({"sample": sample.url, "publisher": sample.publisher_url}[place], statement)
    found = {f"{each.kind}: {each.what}": each.count for each in audit_all(sample.audited()).findings}
    vanished = {f"damaged: in {stream('membership', each)} but never committed": 1 for each in ("public", "internal")}
    assert found == dict.fromkeys(SPOILED, 1) | vanished
    with pytest.raises(Unbalanced, match="'lost': 4, 'doubled': 2, 'pending': 1, 'dead': 1"):
        assert_balanced(sample.audited(), dead=1)


@pytest.mark.parametrize(("letters", "expected"), [(0, 1), (1, 0)])
def test_dead_letters_must_be_as_many_as_the_test_says(sample: Sample, letters: int, expected: int) -> None:
    for _ in range(letters):
        spoil(sample.url, SPOILED["dead: dead letters of note_member"][1])
    with pytest.raises(Unbalanced, match=f"with {expected} dead letters expected"):
        assert_balanced(sample.audited(), dead=expected)
    assert_balanced(sample.audited(), dead=letters)
