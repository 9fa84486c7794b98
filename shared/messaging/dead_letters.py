"""Events a subscription could not handle: kept whole in the consumer's database until somebody decides."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy import (
    Column,
    ColumnElement,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Row,
    Table,
    Text,
    Uuid,
    func,
    insert,
    select,
    text,
    update,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from shared.database import plumbing
from shared.errors import Conflict, NotFound
from shared.ids import uuid7

State = Literal["dead", "redriving", "redriven", "discarded"]
Kind = Literal["unreadable", "refused", "failed", "returned"]

dead_letters = Table(
    "dead_letters",
    plumbing,
    Column("id", Uuid, primary_key=True, default=uuid7),
    Column("subscription", Text, nullable=False),
    Column("event_id", Uuid, comment="null when the body is no event we can read"),
    Column("type", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("digest", Text, nullable=False, comment="SHA-256 of the body: the same event dies once"),
    Column("body", LargeBinary, nullable=False),
    Column("headers", postgresql.JSONB, nullable=False),
    Column("error_kind", Text, nullable=False, comment="unreadable, refused, failed or returned by the broker"),
    Column("error_type", Text, nullable=False),
    Column("error_message", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("first_failed_at", DateTime(timezone=True), nullable=False),
    Column("last_failed_at", DateTime(timezone=True), nullable=False),
    Column("state", Text, nullable=False, server_default="dead"),
)
Index(
    "uq_dead_letters_subscription_digest",
    dead_letters.c.subscription,
    dead_letters.c.digest,
    unique=True,
    postgresql_where=dead_letters.c.state.in_(("dead", "redriving")),
)
Index("ix_dead_letters_state_subscription", dead_letters.c.state, dead_letters.c.subscription)

dead_letter_actions = Table(
    "dead_letter_actions",
    plumbing,
    Column("id", Uuid, primary_key=True, default=uuid7),
    Column("dead_letter_id", Uuid, ForeignKey("dead_letters.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("note", Text, nullable=False),
)


class DeadLetterUnknown(NotFound):
    message = "There is no dead letter {id}."


class DeadLetterSettled(Conflict):
    message = "Dead letter {id} is {state} already."


@dataclass(frozen=True, kw_only=True)
class Selection:
    """Which dead letters are meant; what is None doesn't matter. `error` is the error's type."""

    id: UUID | None = None
    subscription: str | None = None
    type: str | None = None
    error: str | None = None
    subject: str | None = None
    state: State | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        wanted = {
            dead_letters.c.id: self.id,
            dead_letters.c.subscription: self.subscription,
            dead_letters.c.type: self.type,
            dead_letters.c.error_type: self.error,
            dead_letters.c.subject: self.subject,
            dead_letters.c.state: self.state,
        }
        return [column == value for column, value in wanted.items() if value is not None]


@dataclass(frozen=True, kw_only=True)
class Failure:
    """Why an event could not be handled; `message` holds no personal data."""

    kind: Kind
    type: str
    message: str
    attempts: int = 1


@dataclass(frozen=True, kw_only=True)
class Letter:
    """What is kept of the event itself."""

    subscription: str
    event_id: UUID | None
    type: str
    subject: str
    digest: str
    body: bytes
    headers: dict[str, object] = field(default_factory=dict)
    first_failed_at: datetime | None = None


def bury(session: Session, letter: Letter, *, failure: Failure, now: datetime) -> None:
    """Keep the event as a dead letter. The same event dying again only counts on."""
    row = postgresql.insert(dead_letters).values(
        id=uuid7(),
        subscription=letter.subscription,
        event_id=letter.event_id,
        type=letter.type,
        subject=letter.subject,
        digest=letter.digest,
        body=letter.body,
        headers=letter.headers,
        error_kind=failure.kind,
        error_type=failure.type,
        error_message=failure.message,
        attempts=failure.attempts,
        first_failed_at=letter.first_failed_at or now,
        last_failed_at=now,
    )
    again = {
        "error_kind": row.excluded.error_kind,
        "error_type": row.excluded.error_type,
        "error_message": row.excluded.error_message,
        "attempts": func.greatest(dead_letters.c.attempts + 1, row.excluded.attempts),
        "last_failed_at": row.excluded.last_failed_at,
        "state": "dead",
    }
    session.execute(
        row.on_conflict_do_update(
            index_elements=["subscription", "digest"],
            index_where=text("state IN ('dead', 'redriving')"),
            set_=again,
        )
    )


def list_dead_letters(
    session: Session, *, selection: Selection, limit: int = 50, after: UUID | None = None
) -> Sequence[Row[tuple[object, ...]]]:
    """Newest first, without body and headers; `after` is the id of the last one of the page before."""
    columns = [column for column in dead_letters.c if column.name not in {"body", "headers", "digest"}]
    query = select(*columns).where(*selection.conditions()).order_by(dead_letters.c.id.desc()).limit(limit)
    if after is not None:
        query = query.where(dead_letters.c.id < after)
    return session.execute(query).all()


def show_dead_letter(session: Session, *, dead_letter_id: UUID) -> Row[tuple[object, ...]]:
    """One dead letter, whole.

    Raises:
        DeadLetterUnknown: when there is none of that id.
    """
    row = session.execute(select(dead_letters).where(dead_letters.c.id == dead_letter_id)).one_or_none()
    if row is None:
        raise DeadLetterUnknown(id=dead_letter_id)
    return row


def list_actions(session: Session, *, dead_letter_id: UUID) -> Sequence[Row[tuple[object, ...]]]:
    """Who did what with it, oldest first."""
    actions = dead_letter_actions
    query = select(actions).where(actions.c.dead_letter_id == dead_letter_id).order_by(actions.c.id)
    return session.execute(query).all()


def redrive(session: Session, *, selection: Selection, actor: str, note: str, now: datetime) -> int:
    """Have the selected dead letters handled again by their subscription; returns how many.

    Raises:
        DeadLetterUnknown, DeadLetterSettled: when one is named by id and can't be redriven.
    """
    decision = _Decision(action="redrive", state="redriving", from_states=("dead",))
    return _decide(session, decision, selection=selection, actor=actor, note=note, now=now)


def discard(session: Session, *, selection: Selection, actor: str, note: str, now: datetime) -> int:
    """Give the selected dead letters up for good; the rows and an audit line stay; returns how many.

    Raises:
        DeadLetterUnknown, DeadLetterSettled: when one is named by id and can't be discarded.
    """
    decision = _Decision(action="discard", state="discarded", from_states=("dead", "redriving"))
    return _decide(session, decision, selection=selection, actor=actor, note=note, now=now)


@dataclass(frozen=True, kw_only=True)
class _Decision:
    action: str
    state: State
    from_states: tuple[State, ...]


def _decide(
    session: Session, decision: _Decision, *, selection: Selection, actor: str, note: str, now: datetime
) -> int:
    if selection.id is not None:
        row = show_dead_letter(session, dead_letter_id=selection.id)
        if row.state not in decision.from_states:
            raise DeadLetterSettled(id=selection.id, state=row.state)
    changed = (
        update(dead_letters)
        .where(*selection.conditions(), dead_letters.c.state.in_(decision.from_states))
        .values(state=decision.state)
        .returning(dead_letters.c.id)
    )
    audit = {"actor": actor, "action": decision.action, "at": now, "note": note}
    lines = [{"dead_letter_id": dead_letter_id, **audit} for dead_letter_id in session.scalars(changed)]
    if lines:
        session.execute(insert(dead_letter_actions), lines)
    return len(lines)


class NotRedriving(Exception):  # noqa: N818 -- a state, not a fault
    """Somebody else has settled the dead letter meanwhile."""


def next_to_redrive(session: Session, *, subscription: str) -> Row[tuple[object, ...]] | None:
    """The oldest one that waits to be handled again."""
    waiting = dead_letters.c.subscription == subscription, dead_letters.c.state == "redriving"
    return session.execute(select(dead_letters).where(*waiting).order_by(dead_letters.c.id).limit(1)).one_or_none()


def settle(session: Session, *, dead_letter_id: UUID, now: datetime) -> None:
    """It was handled after all; belongs in the transaction of its effect.

    Raises:
        NotRedriving: when another process was faster.
    """
    _leave_redriving(session, dead_letter_id, state="redriven")
    action = {"actor": "system", "action": "redriven", "at": now, "note": ""}
    session.execute(insert(dead_letter_actions).values(dead_letter_id=dead_letter_id, **action))


def fail_again(session: Session, *, dead_letter_id: UUID, failure: Failure, now: datetime) -> None:
    """It is dead again.

    Raises:
        NotRedriving: when another process was faster.
    """
    why = {"error_kind": failure.kind, "error_type": failure.type, "error_message": failure.message}
    _leave_redriving(
        session, dead_letter_id, state="dead", **why, attempts=dead_letters.c.attempts + 1, last_failed_at=now
    )
    action = {"actor": "system", "action": "failed again", "at": now, "note": f"{failure.type}: {failure.message}"}
    session.execute(insert(dead_letter_actions).values(dead_letter_id=dead_letter_id, **action))


def _leave_redriving(session: Session, dead_letter_id: UUID, **values: object) -> None:
    waiting = dead_letters.c.id == dead_letter_id, dead_letters.c.state == "redriving"
    left = update(dead_letters).where(*waiting).values(**values).returning(dead_letters.c.id)
    if session.execute(left).first() is None:
        raise NotRedriving(dead_letter_id)
