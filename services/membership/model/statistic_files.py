"""Evidence of statistic declarations: the files that show where figures come from."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from services.membership.model.application_states import is_person
from services.membership.model.base import Base
from shared.errors import Conflict, Forbidden, NotFound
from shared.ids import uuid7

MOST_FILES = 10


class UnknownStatisticFile(NotFound):
    message = "There is no such file of this declaration."


class TooManyFiles(Conflict):
    message = "A declaration has at most {most} files; remove one first."


class SentByStaff(Forbidden):
    message = "The secretariat added {name}; ask the secretariat to remove it."


class StatisticFile(Base):
    """A file that shows where figures come from; the file itself is in the storage under the id.

    `media_type` is what the content shows. It is kept as long as the declaration: what dues were computed from can be
    shown in later years. One taken back after figures were declared stays, marked, and so does its file: the
    secretariat may have relied on it.
    """

    __tablename__ = "statistic_files"
    __table_args__ = (
        CheckConstraint("size > 0", name="size"),
        Index("ix_statistic_files_statistic_id_added_at_id", "statistic_id", "added_at", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    statistic_id: Mapped[UUID] = mapped_column(ForeignKey("statistic_declarations.id", ondelete="CASCADE"))
    name: Mapped[str]
    media_type: Mapped[str]
    size: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str]
    added_at: Mapped[datetime]
    added_by: Mapped[str]
    removed_at: Mapped[datetime | None]
    removed_by: Mapped[str | None]

    @property
    def removable(self) -> bool:
        """Whether who holds a link may take it back: it came by a link, and not from the secretariat."""
        return not is_person(self.added_by)

    def ensure_removable(self) -> None:
        """Raises: SentByStaff."""
        if not self.removable:
            raise SentByStaff(name=self.name)
