"""Support that members ask for."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from services.membership.model import Member, NoMemberAnyMore, SupportAskedLater, SupportRequest, UnknownSupportRequest
from services.membership.model.support import SupportKind, SupportOutcome
from shared.ids import uuid7


def ask_support(
    session: Session,
    member: Member,
    *,
    kind: SupportKind,
    asked_on: date | None = None,
    note: str = "",
    actor: str,
    now: datetime,
) -> SupportRequest:
    """Note that the member asked, on a day (today if None).

    Raises:
        NoMemberAnyMore: when the membership has ended.
        SupportAskedLater: when the day has not come.
    """
    if member.is_ended:
        raise NoMemberAnyMore(standing=member.standing)
    day = asked_on or now.date()
    if day > now.date():
        raise SupportAskedLater(pointer="/asked_on", asked_on=day)
    asked = SupportRequest(id=uuid7(), member_id=member.id, kind=kind, asked_on=day, note=note, settled_note="")
    asked.recorded_at, asked.recorded_by = now, actor
    session.add(asked)
    session.flush()
    return asked


def settle_support(
    session: Session,
    settled: SupportRequest,
    *,
    outcome: SupportOutcome,
    settled_on: date | None = None,
    note: str = "",
    actor: str,
    now: datetime,
) -> SupportRequest:
    """What became of a locked request, on a day (today if None)."""
    settled.settle(outcome, settled_on=settled_on or now.date(), note=note, now=now, actor=actor)
    session.flush()
    return settled


def support_request(session: Session, *, request_id: UUID) -> SupportRequest:
    found = session.get(SupportRequest, request_id)
    if not found:
        raise UnknownSupportRequest(request_id=request_id)
    return found


def support_request_to_change(session: Session, *, request_id: UUID) -> SupportRequest:
    """The request, locked."""
    found = session.get(SupportRequest, request_id, with_for_update=True, populate_existing=True)
    if not found:
        raise UnknownSupportRequest(request_id=request_id)
    return found


def support_requests(
    *, member_id: UUID | None = None, kind: SupportKind | None = None, is_open: bool | None = None
) -> Select[SupportRequest]:
    query = select(SupportRequest)
    if member_id is not None:
        query = query.where(SupportRequest.member_id == member_id)
    if kind is not None:
        query = query.where(SupportRequest.kind == kind)
    if is_open is not None:
        outcome = SupportRequest.outcome
        query = query.where(outcome.is_(None) if is_open else outcome.is_not(None))
    return query
