"""Whether what was announced of members is what their facts said: asked by the audit, which trusts neither."""

from collections.abc import Iterator
from uuid import UUID

from sqlalchemy import Text, cast, literal, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from services.membership.facts import Fact
from services.membership.model import Member
from services.membership.operations.standing import facts_by_member, plain_facts, policies
from services.membership.policy import Policy
from services.membership.standing import Course
from shared.contracts import Event
from shared.contracts.membership import MemberAdmitted, MemberStandingChanged, Standing
from shared.messaging.outbox import outbox
from shared.messaging.wire import Delivery, Unreadable, decode

_TOLD_BY = [event.routing_key() for event in (MemberAdmitted, MemberStandingChanged)]
"""Other events repeat the standing, and may do so on the day of a change that is announced a moment later."""


def misannounced(session: Session) -> list[UUID]:
    """Members of whom was announced last what their facts did not say then, or what is not kept as announced.

    A day that has come since, and that the schedule has still to tell of, is no difference.
    """
    known, facts = policies(session), facts_by_member(session, plain_facts())
    return [
        member_id
        for member_id, kept, body in _last_told(session)
        if not (delivery := _read(body)) or not _computed(facts[member_id], known, delivery) == _told(delivery) == kept
    ]


def _computed(facts: list[Fact], known: list[Policy], delivery: Delivery[Event]) -> Standing | None:
    return Course(facts, known, known_at=delivery.time).state(delivery.time.date()).standing


def _told(delivery: Delivery[Event]) -> Standing:
    assert isinstance(delivery.event, MemberAdmitted | MemberStandingChanged)
    return delivery.event.standing


def _read(body: str) -> Delivery[Event] | None:
    try:
        return decode(body)
    except Unreadable:
        return None


def _last_told(session: Session) -> Iterator[tuple[UUID, Standing, str]]:
    """Each member, the standing kept of it, and the event that told it last, if that one is still there."""
    subject = literal("member/") + cast(Member.id, Text)
    query = (
        select(Member.id, Member.standing, outbox.c.body)
        .join(outbox, outbox.c.subject == subject)
        .where(outbox.c.topic.in_(_TOLD_BY))
        .ext(distinct_on(Member.id))
        .order_by(Member.id, outbox.c.subject_version.desc())
    )
    yield from session.execute(query)
