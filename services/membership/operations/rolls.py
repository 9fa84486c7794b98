"""Electoral rolls: who may vote on a day, drawn once and kept."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from services.membership.model import ElectoralRoll, RollEntry, UnknownRoll
from services.membership.operations.copying import copy
from services.membership.operations.voters import Voter, voters
from shared.contracts.membership import Category
from shared.ids import uuid7


def draw_roll(
    session: Session,
    *,
    held_on: date,
    purpose: str,
    known_at: datetime | None = None,
    actor: str,
    now: datetime,
) -> ElectoralRoll:
    """Who may vote on a day, kept as it is known now or was known at `known_at`."""
    everybody = voters(session, on=held_on, known_at=known_at, now=now)
    roll = ElectoralRoll(
        id=uuid7(),
        held_on=held_on,
        known_at=known_at or now,
        purpose=purpose,
        members=len(everybody),
        voters=sum(one.vote.can_vote for one in everybody),
        drawn_at=now,
        drawn_by=actor,
    )
    session.add(roll)
    session.flush()
    copy(session, RollEntry, (_entry(roll, one) for one in everybody))
    return roll


def roll(session: Session, *, roll_id: UUID) -> ElectoralRoll:
    found = session.get(ElectoralRoll, roll_id)
    if not found:
        raise UnknownRoll(roll_id=roll_id)
    return found


def rolls() -> Select[ElectoralRoll]:
    return select(ElectoralRoll)


def roll_entries(
    *,
    roll: ElectoralRoll,
    country: str | None = None,
    category: Category | None = None,
    can_vote: bool | None = None,
) -> Select[RollEntry]:
    query = select(RollEntry).where(RollEntry.roll_id == roll.id)
    if country is not None:
        query = query.where(RollEntry.country == country)
    if category is not None:
        query = query.where(RollEntry.category == category)
    if can_vote is not None:
        query = query.where(RollEntry.can_vote.is_(can_vote))
    return query


def _entry(drawn: ElectoralRoll, one: Voter) -> dict[str, object]:
    return {
        "id": uuid7(),
        "roll_id": drawn.id,
        "member_id": one.member_id,
        "name": one.name,
        "folded_name": one.folded_name,
        "country": one.country,
        "category": one.category,
        "standing": one.standing,
        "can_vote": one.vote.can_vote,
        "rules": list(one.vote.rules),
    }
