"""When members consulted and applicants asked were written to and are reminded; links for applicants; files deleted."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

_KINDS = (
    "'opened', 'moved', 'edited', 'kind_changed', 'assigned', 'document_added', 'document_removed', 'files_deleted', "
    "'endorsed', 'endorsement_removed', 'found', 'answered', 'opinion', 'written', 'linked', 'unlinked', 'noted'"
)


def upgrade() -> None:
    op.add_column("applications", sa.Column("remind_on", sa.Date(), nullable=True))
    op.create_index(
        "ix_applications_remind_on", "applications", ["remind_on"], postgresql_where="remind_on IS NOT NULL"
    )
    op.add_column("consultation_opinions", sa.Column("written_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("application_documents", sa.Column("file_deleted_at", sa.DateTime(timezone=True), nullable=True))
    op.drop_constraint(op.f("ck_application_entries_kind"), "application_entries")
    op.create_check_constraint(op.f("ck_application_entries_kind"), "application_entries", f"kind IN ({_KINDS})")
    op.create_table(
        "application_links",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("application_id", sa.Uuid(), nullable=False),
        sa.Column("contact_id", sa.Uuid(), nullable=True),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by", sa.String(), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_by", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["application_id"],
            ["applications.id"],
            name="fk_application_links_application_id_applications",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_application_links"),
    )
    op.create_index("ix_application_links_application_id", "application_links", ["application_id"])
