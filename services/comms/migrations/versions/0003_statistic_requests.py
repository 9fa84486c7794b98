"""Letters that ask for statistics, and the link a mail has for its reader alone."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column(
        "messages",
        sa.Column("link", sa.Text(), nullable=True, comment="for the mail alone; gone when it has left"),
    )
    op.create_table(
        "statistic_requests",
        sa.Column("request_id", sa.Uuid(), nullable=False, comment="the event's id"),
        sa.Column("statistic_id", sa.Uuid(), nullable=False),
        sa.Column("occasion", sa.Text(), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("contact_id", sa.Uuid(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("link", sa.Text(), nullable=True),
        sa.Column("closes_on", sa.Date(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("addressed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("correlation_id", sa.Text(), nullable=False),
        sa.Column("traceparent", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("request_id", name="pk_statistic_requests"),
        sa.UniqueConstraint(
            "statistic_id", "occasion", "step", name="uq_statistic_requests_statistic_id_occasion_step"
        ),
    )
    op.create_index("ix_statistic_requests_contact_id", "statistic_requests", ["contact_id"])
