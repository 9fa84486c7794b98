"""The shared tables as they were first; each service's revision 0001 calls it. Frozen: a change is a new module."""

import sqlalchemy as sa
from alembic import op


def upgrade() -> None:
    """Create the shared tables."""
    _create_outbox()


def _create_outbox() -> None:
    op.create_table(
        "outbox",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), primary_key=True),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False, comment="routing key: topic and major version"),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("subject_version", sa.Integer(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False, comment="the CloudEvent, byte for byte as on the wire"),
        sa.Column("visibility", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("position", sa.BigInteger(), comment="gap-free, given once the broker has confirmed"),
        sa.Column("published_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("id", name="pk_outbox"),
        sa.UniqueConstraint("event_id", name="uq_outbox_event_id"),
        sa.UniqueConstraint("position", name="uq_outbox_position"),
        sa.UniqueConstraint("subject", "subject_version", name="uq_outbox_subject_subject_version"),
    )
    op.create_index("ix_outbox_unpublished", "outbox", ["id"], postgresql_where=sa.text("published_at IS NULL"))
