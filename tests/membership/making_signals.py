"""What tests let the other services tell of members."""

from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy.orm import Session

from services.membership import operations
from services.membership.model import Member
from services.membership.operations.told_signals import Told
from shared.contracts.comms import ContactCleared, ContactUnreachable, MessageDelivered, MessageRead
from shared.contracts.events import RegistrationConfirmed
from shared.contracts.funding import AwardAccepted
from tests.members import delivered
from tests.membership.making import TODAY, a_prospect


def ago(days: int) -> datetime:
    """Eight in the morning so many days before today."""
    return datetime.combine(TODAY - timedelta(days), time(8), UTC)


ADMITTED = datetime(2022, 1, 10, 8, tzinfo=UTC)


def an_old_member(session: Session, *, admitted_at: datetime = ADMITTED, **changes: Any) -> Member:
    """Admitted years ago, and known since."""
    won, decision = a_prospect(session, **changes), {"category": "full", "reason": "Board", "actor": "ana"}
    return operations.admit_prospect(session, won, **decision, now=admitted_at)


def tell(session: Session, *events: Told, days: int = 0) -> None:
    operations.keep_signals(session, [delivered(event, time=ago(days)) for event in events])


def a_notice(member: Member, message_id: UUID | None = None, **changes: Any) -> MessageDelivered:
    facts = {"channel": "inbox", "purpose": "assembly", "organization_id": member.organization_id}
    return MessageDelivered(message_id=message_id or uuid4(), **facts | changes)


def a_reading(notice: MessageDelivered) -> MessageRead:
    return MessageRead(message_id=notice.message_id, organization_id=notice.organization_id, purpose=notice.purpose)


def unreachable(member: Member, contact_id: UUID | None = None) -> ContactUnreachable:
    return ContactUnreachable(
        contact_id=contact_id or uuid4(), organization_id=member.organization_id, role="presidency"
    )


def cleared(refused: ContactUnreachable) -> ContactCleared:
    return ContactCleared(**vars(refused))


def a_registration(member: Member | None, tier: Any = "member") -> RegistrationConfirmed:
    return RegistrationConfirmed(
        registration_id=uuid4(),
        gathering_id=uuid4(),
        member_id=member.id if member else None,
        tier=tier,
        amount=8000,
        currency="USD",
    )


def an_acceptance(member: Member) -> AwardAccepted:
    return AwardAccepted(
        award_id=uuid4(),
        member_id=member.id,
        organization_id=member.organization_id,
        title="Capacitación",
        amount=500000,
        currency="USD",
    )


def owing(session: Session, member: Member, *, days: int, period: str = "2026") -> None:
    """Dues of a period that fell due so many days ago and were known then."""
    words = {"period": period, "actor": "ana", "now": ago(days)}
    operations.record_dues_due(session, member, due_on=TODAY - timedelta(days), **words)


def in_trouble(session: Session, member: Member) -> None:
    """Late with dues for two months, no contact reachable, and four notices unread: at risk."""
    owing(session, member, days=60)
    tell(session, unreachable(member), days=20)
    tell(session, *(a_notice(member) for _ in range(4)), days=40)
