"""Which files somebody still needs.

Those of applications that came to nothing are kept for some time; their records, with checksum, stay. Those of
statistic declarations are kept as long as the declaration.
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

from services.membership.application_form import FORMS
from services.membership.model import ApplicationDocument, MembershipApplication, StatisticFile
from services.membership.model.application_states import SCHEDULE
from services.membership.operations.applications import application_to_change

AT_ONCE = 100
"""So many files are deleted between two looks."""


def files_over_time(session: Session, *, now: datetime) -> Sequence[UUID]:
    """Documents whose application ended without membership longer ago than its form keeps files; AT_ONCE at most."""
    ended = MembershipApplication.state.in_(("rejected", "withdrawn", "lapsed"))
    query = (
        select(ApplicationDocument.id)
        .join(MembershipApplication, MembershipApplication.id == ApplicationDocument.application_id)
        .where(ended, _over_time(now), ApplicationDocument.file_deleted_at.is_(None))
        .order_by(ApplicationDocument.id)
        .limit(AT_ONCE)
    )
    return session.scalars(query).all()


def note_deleted(session: Session, ids: Collection[UUID], *, now: datetime) -> None:
    """Their files are gone from the storage; each is noted once, however many deleted them at a time."""
    row = ApplicationDocument
    owners = select(row.application_id).where(row.id.in_(ids)).distinct().order_by(row.application_id)
    for application_id in session.scalars(owners).all():
        of = application_to_change(session, application_id=application_id)
        session.refresh(of, ["documents"])
        gone = [one for one in of.documents if one.id in ids and not one.file_deleted_at]
        for one in gone:
            one.file_deleted_at = now
        if gone:
            of.record("files_deleted", now=now, actor=SCHEDULE, documents=len(gone))
    session.flush()


def claimed_files(session: Session, ids: Collection[UUID]) -> set[UUID]:
    """Those of `ids` that some application or statistic declaration names; the files of the others are nobody's."""
    named = (select(row.id).where(row.id.in_(ids)) for row in (ApplicationDocument, StatisticFile))
    return {file_id for query in named for file_id in session.scalars(query)}


def _over_time(now: datetime) -> ColumnElement[bool]:
    row = MembershipApplication
    return or_(
        *(
            and_(row.form_version == version, row.state_since <= now - timedelta(days=form.policy.files_days))
            for version, form in FORMS.items()
        )
    )
