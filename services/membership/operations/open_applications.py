"""Which application of an organization is open; apart, for all that must not happen meanwhile."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.membership.model import MembershipApplication
from services.membership.model.application_states import OPEN


def open_application_of(session: Session, organization_id: UUID) -> UUID | None:
    """The id of the open application, if there is one."""
    row = MembershipApplication
    return session.scalar(select(row.id).where(row.organization_id == organization_id, row.state.in_(OPEN)))
