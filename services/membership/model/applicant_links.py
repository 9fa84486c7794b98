"""Links by which an applicant fills in its own application, without an account."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from services.membership.model.application_states import end_of
from services.membership.model.base import Base
from shared.errors import Conflict, Forbidden, NotFound
from shared.ids import uuid7


class UnknownApplicantLink(NotFound):
    message = "There is no such link of this application; ask the secretariat for a new one."


class ApplicantLinkEnded(Forbidden):
    message = "This link ended on {ends_on}; ask the secretariat for a new one."


class ApplicationEnded(Conflict):
    message = "The application is closed, and this link opens it no more; write to the secretariat about it."


class NobodyToInvite(Conflict):
    message = "Nobody of {name} has an e-mail address; add a contact first, or hand over a link yourself."


class ApplicantLink(Base):
    """It opens one application until `ends_on` is over everywhere on earth (UTC-12), or it is withdrawn.

    `contact_id` is whom it was mailed to, None where staff handed it over.
    """

    __tablename__ = "application_links"
    __table_args__ = (Index("ix_application_links_application_id", "application_id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    application_id: Mapped[UUID] = mapped_column(ForeignKey("applications.id", ondelete="CASCADE"))
    contact_id: Mapped[UUID | None]
    ends_on: Mapped[date]
    made_at: Mapped[datetime]
    made_by: Mapped[str]
    revoked_at: Mapped[datetime | None]
    revoked_by: Mapped[str | None]

    def ensure_lasts(self, now: datetime) -> None:
        """Raises: ApplicantLinkEnded."""
        if now >= end_of(self.ends_on):
            raise ApplicantLinkEnded(ends_on=self.ends_on)
