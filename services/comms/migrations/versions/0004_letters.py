"""Letters of every purpose, in place of those that ask for statistics."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "letters",
        sa.Column("source_id", sa.Uuid(), nullable=False, comment="the event's id"),
        sa.Column("about", sa.Text(), nullable=False, comment="the event's subject"),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False, comment="tells letters of one purpose about one thing apart"),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("contact_id", sa.Uuid(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("link", sa.Text(), nullable=True),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("addressed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("correlation_id", sa.Text(), nullable=False),
        sa.Column("traceparent", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("source_id", name="pk_letters"),
        sa.UniqueConstraint("about", "purpose", "step", name="uq_letters_about_purpose_step"),
    )
    op.execute("""
        INSERT INTO letters (source_id, about, purpose, step, organization_id, contact_id, language, subject, text,
            link, until, state, created_at, addressed_at, correlation_id, traceparent)
        SELECT request_id, 'statistic/' || statistic_id, 'statistic_' || occasion, step::text, organization_id,
            contact_id, language, subject, text, link, closes_on, state, created_at, addressed_at, correlation_id,
            traceparent
        FROM statistic_requests
    """)
    op.create_index("ix_letters_contact_id", "letters", ["contact_id"])
    op.create_index("ix_letters_created_at_source_id", "letters", ["created_at", "source_id"])
    op.drop_table("statistic_requests")
