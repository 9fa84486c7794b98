"""Awards for the tests."""

from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from services.funding import operations
from services.funding.model import Award
from shared.contracts.membership import MemberAdmitted
from shared.money import Money
from tests.members import NOW, an_admission, delivered

TERMS: dict[str, Any] = {
    "title": "Capacitación en gobernanza",
    "purpose": "Dos talleres para el consejo.",
    "amount": Money(500000, "USD"),
}


def a_member(session: Session, **changes: Any) -> MemberAdmitted:
    """Known to funding, and in good standing."""
    admission = an_admission(**changes)
    operations.keep_members(session, [delivered(admission)])
    return admission


def proposed(session: Session, *, member_id: UUID | None = None, **changes: Any) -> Award:
    """By ana, to a member of its own unless told."""
    to = member_id or a_member(session).member_id
    return operations.propose_award(session, member_id=to, **TERMS | {"actor": "ana", "now": NOW} | changes)


def offered(session: Session, **changes: Any) -> Award:
    return operations.offer_award(session, proposed(session, **changes), minutes="Board 12/2026", actor="eva", now=NOW)
