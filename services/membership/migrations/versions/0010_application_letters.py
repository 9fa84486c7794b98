"""When members consulted and applicants asked were written to, and when they are reminded."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0008"

_KINDS = (
    "'opened', 'moved', 'edited', 'kind_changed', 'assigned', 'document_added', 'document_removed', 'endorsed', "
    "'endorsement_removed', 'found', 'answered', 'opinion', 'written', 'linked', 'unlinked', 'noted'"
)


def upgrade() -> None:
    op.add_column("applications", sa.Column("remind_on", sa.Date(), nullable=True))
    op.create_index(
        "ix_applications_remind_on", "applications", ["remind_on"], postgresql_where="remind_on IS NOT NULL"
    )
    op.add_column("consultation_opinions", sa.Column("written_at", sa.DateTime(timezone=True), nullable=True))
    op.drop_constraint(op.f("ck_application_entries_kind"), "application_entries")
    op.create_check_constraint(op.f("ck_application_entries_kind"), "application_entries", f"kind IN ({_KINDS})")
