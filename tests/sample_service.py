"""A service for the tests of subscriptions: what a member is called says what its handler does.

Runs in a process of its own (`python -m tests.sample_service`), since eventlet patches the whole process.
"""

import contextlib
import os
import signal
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

from shared.run import patch, work
from shared.settings import Settings

if __name__ == "__main__":
    patch()

from sqlalchemy import BigInteger, Column, Identity, Integer, MetaData, Table, Text, Uuid, delete, insert
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from shared import database
from shared.contracts.examples import example
from shared.contracts.membership import (
    ContactChanged,
    MemberAdmitted,
    MemberState,
    MemberUpdated,
    ProspectOpened,
)
from shared.errors import Rejected
from shared.messaging import consumer as consumer_module
from shared.messaging import link as link_module
from shared.messaging import subscribe as subscribe_module
from shared.messaging import topology
from shared.messaging.intake import Intake
from shared.messaging.link import Link, Received
from shared.messaging.outbox import publish
from shared.messaging.subscribe import subscribe
from shared.messaging.wire import Delivery

metadata = MetaData()

notes = Table(
    "notes",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("subscription", Text, nullable=False),
    Column("event_id", Uuid, nullable=False),
    Column("subject", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("name", Text, nullable=False),
    Column("pid", Integer, nullable=False),
)

kept = Table(
    "kept",
    metadata,
    Column("member_id", Uuid, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("name", Text, nullable=False),
)


class NameNotLiked(Rejected):
    message = "The name is not liked."


def note(session: Session, delivery: Delivery[Any], subscription: str) -> None:
    session.execute(
        insert(notes).values(
            subscription=subscription,
            event_id=delivery.id,
            subject=delivery.subject,
            version=delivery.subject_version,
            name=getattr(delivery.event, "name", ""),
            pid=os.getpid(),
        )
    )


def empty_kept(session: Session) -> None:
    session.execute(delete(kept))


def empty_listed(session: Session) -> None:
    session.execute(delete(notes).where(notes.c.subscription == "list_members"))


def empty_contacts(session: Session) -> None:
    session.execute(delete(notes).where(notes.c.subscription == "list_contacts"))


def behave(session: Session, delivery: Delivery[Any]) -> None:
    """Do what the member's name says: the first word is one of BEHAVIOURS."""
    what, _, how = delivery.event.name.partition(" ")
    if what in BEHAVIOURS:
        BEHAVIOURS[what](session, delivery, how)


def refuse(*_: object) -> None:
    raise NameNotLiked


def fail(_: object, __: object, how: str) -> None:
    raise RuntimeError(f"someone@example.org {how}")


def fail_once(_: object, __: object, how: str) -> None:
    if not flag(f"once-{how}").exists():
        flag(f"once-{how}").touch()
        raise RuntimeError("only once")


def refuse_until(_: object, __: object, how: str) -> None:
    if not flag(how).exists():
        raise NameNotLiked


def swallow(session: Session, *_: object) -> None:
    with contextlib.suppress(DBAPIError):
        session.connection().exec_driver_sql("SELECT 1/0")


def sleep(_: object, __: object, how: str) -> None:
    time.sleep(float(how))


def hold(_: object, __: object, how: str) -> None:
    """Wait until the test lets go."""
    while not flag(how).exists():
        time.sleep(0.02)


def doze(_: object, __: object, how: str) -> None:
    """Sleep, the first time; who looks for the flag knows that the handler has it in hand."""
    if not flag("dozing").exists():
        flag("dozing").touch()
        time.sleep(float(how))


def burn(_: object, __: object, how: str) -> None:
    """Let no other green thread run."""
    end = time.monotonic() + float(how)
    while time.monotonic() < end:
        pass


def die(*_: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def publish_another(session: Session, delivery: Delivery[Any], _: object) -> None:
    publish(session, example(ProspectOpened), at=delivery.time)


def lose_the_database(session: Session, *_: object) -> None:
    session.connection().exec_driver_sql("SELECT pg_terminate_backend(pg_backend_pid())")


def clash_once(session: Session, _: object, how: str) -> None:
    if not flag(f"clash-{how}").exists():
        flag(f"clash-{how}").touch()
        raising = "DO $$ BEGIN RAISE EXCEPTION 'as in a deadlock' USING ERRCODE = '40P01'; END $$"
        session.connection().exec_driver_sql(raising)


BEHAVIOURS: dict[str, Callable[..., None]] = {
    "refuse": refuse,
    "fail": fail,
    "once": fail_once,
    "until": refuse_until,
    "swallow": swallow,
    "sleep": sleep,
    "hold": hold,
    "doze": doze,
    "burn": burn,
    "die": die,
    "publish": publish_another,
    "lose": lose_the_database,
    "clash": clash_once,
}


def flag(name: str) -> Path:
    return Path(os.environ["SAMPLE_FLAGS"]) / name


def die_if_told(where: str) -> None:
    """Each order to die is carried out once."""
    if flag(where).exists():
        flag(where).unlink()
        os.kill(os.getpid(), signal.SIGKILL)


class SampleService:
    name: ClassVar[str] = "sample"

    @subscribe(MemberAdmitted)
    def note_member(self, session: Session, delivery: Delivery[MemberAdmitted]) -> None:
        behave(session, delivery)
        note(session, delivery, "note_member")
        die_if_told("before-commit")

    @subscribe(MemberAdmitted, MemberUpdated, latest=True, projection=empty_kept)
    def keep_member(self, session: Session, delivery: Delivery[MemberState]) -> None:
        values = {"version": delivery.subject_version, "name": delivery.event.name}
        session.execute(
            postgresql.insert(kept)
            .values(member_id=delivery.event.member_id, **values)
            .on_conflict_do_update(index_elements=["member_id"], set_=values)
        )

    @subscribe(MemberAdmitted, many=True, projection=empty_listed)
    def list_members(self, session: Session, deliveries: list[Delivery[MemberAdmitted]]) -> None:
        for delivery in deliveries:
            if delivery.event.name.startswith(("refuse", "until")):
                behave(session, delivery)
            note(session, delivery, "list_members")

    @subscribe(ContactChanged, projection=empty_contacts)
    def list_contacts(self, session: Session, delivery: Delivery[ContactChanged]) -> None:
        note(session, delivery, "list_contacts")


def load() -> type:
    """The class with only the subscriptions SAMPLE_ONLY names, so that a test pays for what it uses."""
    only = os.environ.get("SAMPLE_ONLY", "")
    for method in ("note_member", "keep_member", "list_members", "list_contacts"):
        if only and method not in only.split(","):
            delattr(SampleService, method)
    if delays := os.environ.get("SAMPLE_RETRY_SECONDS"):
        topology.RETRY_SECONDS = tuple(int(delay) for delay in delays.split(","))  # type: ignore[assignment] # shorter
    topology.DELIVERY_LIMIT = int(os.environ.get("SAMPLE_DELIVERY_LIMIT", topology.DELIVERY_LIMIT))
    subscribe_module.STOP_SECONDS = int(os.environ.get("SAMPLE_STOP_SECONDS", subscribe_module.STOP_SECONDS))
    database.USUAL = database.Bounds(statement=float(os.environ.get("SAMPLE_STATEMENT_SECONDS", "10")))
    consumer_module.SILENT_SECONDS = int(os.environ.get("SAMPLE_SILENT_SECONDS", consumer_module.SILENT_SECONDS))
    link_module.ANSWER_SECONDS = int(os.environ.get("SAMPLE_ANSWER_SECONDS", link_module.ANSWER_SECONDS))
    assert Link.__init__.__kwdefaults__
    Link.__init__.__kwdefaults__["heartbeat"] = int(os.environ.get("SAMPLE_HEARTBEAT", "20"))
    die_where_told()
    if os.environ.get("SAMPLE_NOTES_RETURNS"):
        note_returns()
    return SampleService


def die_where_told() -> None:
    """A crash exactly between commit and acknowledgement."""
    acknowledge = Link.acknowledge

    def acknowledge_or_die(self: Link, tags: Any) -> None:
        die_if_told("before-ack")
        acknowledge(self, tags)

    Link.acknowledge = acknowledge_or_die  # type: ignore[method-assign] # nowhere else is between the two


def note_returns() -> None:
    """Each time the broker gives an event out: which, and how often it says it had to take it back before."""
    receive = Intake._receive

    def note_and_receive(self: Intake, message: Received) -> None:
        with flag("returns").open("a") as returns:
            returns.write(f"{message.properties['message_id']} {message.returns}\n")
        receive(self, message)

    Intake._receive = note_and_receive  # type: ignore[method-assign] # nowhere else does each of them pass


def main() -> None:
    settings = Settings(
        service="sample",
        database_url=os.environ["DATABASE_URL"],
        amqp_uri=os.environ["AMQP_URI"],
        http_host="127.0.0.1",
        http_port=0,
        jwks=os.environ["SAMPLE_FLAGS"] + "/jwks.json",
        token_issuer="nobody",
        token_audience="nobody",
        link_secret="none",
        public_url="http://127.0.0.1",
    )
    work(load, settings, socket.create_server(("127.0.0.1", 0)))


if __name__ == "__main__":
    sys.exit(main())
