"""Applications for membership: answers, papers, questions, consultations and decisions, and the history of each."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"

_OPEN = "state IN ('draft', 'submitted', 'screening', 'more_info_requested', 'consultation', 'ready_for_decision')"


def upgrade() -> None:
    _create_applications()
    _create_application_decisions()
    _create_application_documents()
    _create_application_endorsements()
    _create_application_entries()
    _create_application_questions()
    _create_consultations()
    _create_consultation_opinions()
    _create_consultation_links()


def _create_applications() -> None:
    op.create_table(
        "applications",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("prospect_id", sa.Uuid(), nullable=True),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("form_version", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("state_since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answers", postgresql.JSONB(), nullable=False),
        sa.Column("findings", postgresql.JSONB(), nullable=False),
        sa.Column("makers", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("owner", sa.String(), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("opened_by", sa.String(), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("category IN ('full', 'associate')", name="ck_applications_category"),
        sa.CheckConstraint(
            "state IN ('draft', 'submitted', 'screening', 'more_info_requested', 'consultation', 'ready_for_decision', "
            "'approved', 'rejected', 'withdrawn', 'lapsed')",
            name="ck_applications_state",
        ),
        sa.CheckConstraint(
            "state IN ('draft', 'withdrawn') OR submitted_at IS NOT NULL", name="ck_applications_submitted"
        ),
        sa.ForeignKeyConstraint(["organization_id"], ["organizations.id"], name="fk_applications_organization_id"),
        sa.ForeignKeyConstraint(["prospect_id"], ["prospects.id"], name="fk_applications_prospect_id"),
        sa.PrimaryKeyConstraint("id", name="pk_applications"),
    )
    op.create_index("ix_applications_changed_at_id", "applications", ["changed_at", "id"])
    op.create_index("ix_applications_opened_at_id", "applications", ["opened_at", "id"])
    op.create_index("ix_applications_organization_id", "applications", ["organization_id"])
    op.create_index("ix_applications_owner", "applications", ["owner"], postgresql_where=_OPEN)
    op.create_index(
        "ix_applications_state_due_at", "applications", ["state", "due_at"], postgresql_where="due_at IS NOT NULL"
    )
    op.create_index("ix_applications_state_state_since_id", "applications", ["state", "state_since", "id"])
    op.create_index("uq_applications_open", "applications", ["organization_id"], unique=True, postgresql_where=_OPEN)


def _create_application_decisions() -> None:
    op.create_table(
        "application_decisions",
        sa.Column("application_id", sa.Uuid(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("decided_on", sa.Date(), nullable=False),
        sa.Column("minutes", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("conditions", sa.String(), nullable=False),
        sa.Column("despite", sa.String(), nullable=False),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("checks", postgresql.JSONB(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sa.String(), nullable=False),
        sa.CheckConstraint("(verdict = 'approved') = (member_id IS NOT NULL)", name="ck_application_decisions_member"),
        sa.CheckConstraint("verdict = 'approved' OR until IS NULL", name="ck_application_decisions_until"),
        sa.CheckConstraint("verdict IN ('approved', 'rejected')", name="ck_application_decisions_verdict"),
        sa.ForeignKeyConstraint(
            ["application_id"], ["applications.id"], name="fk_application_decisions_application_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name="fk_application_decisions_member_id"),
        sa.PrimaryKeyConstraint("application_id", name="pk_application_decisions"),
    )
    op.create_index("ix_application_decisions_member_id", "application_decisions", ["member_id"])
    op.create_index(
        "ix_application_decisions_until", "application_decisions", ["until"], postgresql_where="until IS NOT NULL"
    )


def _create_application_documents() -> None:
    op.create_table(
        "application_documents",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("application_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("media_type", sa.String(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("added_by", sa.String(), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("removed_by", sa.String(), nullable=True),
        sa.CheckConstraint("size > 0", name="ck_application_documents_size"),
        sa.ForeignKeyConstraint(
            ["application_id"], ["applications.id"], name="fk_application_documents_application_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_application_documents"),
    )
    op.create_index("ix_application_documents_application_id", "application_documents", ["application_id"])


def _create_application_endorsements() -> None:
    op.create_table(
        "application_endorsements",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("application_id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("given_on", sa.Date(), nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["application_id"],
            ["applications.id"],
            name="fk_application_endorsements_application_id",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name="fk_application_endorsements_member_id"),
        sa.PrimaryKeyConstraint("id", name="pk_application_endorsements"),
        sa.UniqueConstraint("application_id", "member_id", name="uq_application_endorsements_application_id_member_id"),
    )
    op.create_index("ix_application_endorsements_member_id", "application_endorsements", ["member_id"])


def _create_application_entries() -> None:
    op.create_table(
        "application_entries",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("application_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("previous", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=True),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("details", postgresql.JSONB(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('opened', 'moved', 'edited', 'kind_changed', 'assigned', 'document_added', 'document_removed', "
            "'endorsed', 'endorsement_removed', 'found', 'answered', 'opinion', 'linked', 'unlinked', 'noted')",
            name="ck_application_entries_kind",
        ),
        sa.ForeignKeyConstraint(
            ["application_id"], ["applications.id"], name="fk_application_entries_application_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_application_entries"),
    )
    op.create_index("ix_application_entries_application_id_id", "application_entries", ["application_id", "id"])


def _create_application_questions() -> None:
    op.create_table(
        "application_questions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("application_id", sa.Uuid(), nullable=False),
        sa.Column("question", sa.String(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("asked_by", sa.String(), nullable=False),
        sa.Column("answer", sa.String(), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answered_by", sa.String(), nullable=True),
        sa.Column("lapsed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["application_id"], ["applications.id"], name="fk_application_questions_application_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_application_questions"),
    )
    op.create_index("ix_application_questions_application_id", "application_questions", ["application_id"])


def _create_consultations() -> None:
    op.create_table(
        "consultations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("application_id", sa.Uuid(), nullable=False),
        sa.Column("country", sa.String(), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("closes_on", sa.Date(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("opened_by", sa.String(), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_by", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["application_id"], ["applications.id"], name="fk_consultations_application_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_consultations"),
    )
    op.create_index("ix_consultations_application_id", "consultations", ["application_id"])


def _create_consultation_opinions() -> None:
    op.create_table(
        "consultation_opinions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("consultation_id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("stance", sa.Text(), nullable=True),
        sa.Column("comment", sa.String(), nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("recorded_by", sa.String(), nullable=True),
        sa.CheckConstraint(
            "stance IN ('support', 'object', 'abstain', 'silent')", name="ck_consultation_opinions_stance"
        ),
        sa.ForeignKeyConstraint(
            ["consultation_id"],
            ["consultations.id"],
            name="fk_consultation_opinions_consultation_id",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name="fk_consultation_opinions_member_id"),
        sa.PrimaryKeyConstraint("id", name="pk_consultation_opinions"),
        sa.UniqueConstraint("consultation_id", "member_id", name="uq_consultation_opinions_consultation_id_member_id"),
    )
    op.create_index("ix_consultation_opinions_member_id", "consultation_opinions", ["member_id"])


def _create_consultation_links() -> None:
    op.create_table(
        "consultation_links",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("opinion_id", sa.Uuid(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by", sa.String(), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_by", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["opinion_id"], ["consultation_opinions.id"], name="fk_consultation_links_opinion_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_consultation_links"),
    )
    op.create_index("ix_consultation_links_opinion_id", "consultation_links", ["opinion_id"])
