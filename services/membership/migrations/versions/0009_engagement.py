"""How near members are, who looks after them, what they asked for, and what was done to keep them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.add_column("members", sa.Column("owner", sa.String(), nullable=True))
    op.create_index("ix_members_owner", "members", ["owner"])
    op.execute("UPDATE members SET owner = prospects.owner FROM prospects WHERE prospects.member_id = members.id")
    _told_signals()
    _lines()
    _support_requests()
    _retention_actions()


def _told_signals() -> None:
    op.create_table(
        "told_signals",
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("about_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("key", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "kind IN ('notice_delivered', 'notice_read', 'contact_unreachable', 'contact_cleared', 'registered', "
            "'registered_as_member')",
            name="ck_told_signals_kind",
        ),
        sa.PrimaryKeyConstraint("event_id", name="pk_told_signals"),
    )
    op.create_index("ix_told_signals_about_id_kind_at", "told_signals", ["about_id", "kind", "at"])
    op.create_index("ix_told_signals_key_kind", "told_signals", ["key", "kind"])
    op.create_index("ix_told_signals_kind_at", "told_signals", ["kind", "at"])


def _lines() -> None:
    op.create_table(
        "engagement_watches",
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("through", sa.Date(), nullable=False),
        _of_member("engagement_watches"),
        sa.PrimaryKeyConstraint("member_id", name="pk_engagement_watches"),
    )
    op.create_index("ix_engagement_watches_through", "engagement_watches", ["through"])
    op.create_table(
        "engagement_lines",
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("previous", sa.Text(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("risk", sa.Integer(), nullable=False),
        sa.Column("announced_at", sa.DateTime(timezone=True), nullable=False),
        _of_member("engagement_lines"),
        sa.PrimaryKeyConstraint("member_id", "effective_on", name="pk_engagement_lines"),
    )
    op.create_table(
        "member_owner_lines",
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("previous", sa.String(), nullable=True),
        sa.Column("owner", sa.String(), nullable=True),
        sa.Column("assigned_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("assigned_by", sa.String(), nullable=False),
        _of_member("member_owner_lines"),
        sa.PrimaryKeyConstraint("member_id", "number", name="pk_member_owner_lines"),
    )


def _support_requests() -> None:
    op.create_table(
        "support_requests",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("asked_on", sa.Date(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by", sa.String(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("settled_on", sa.Date(), nullable=True),
        sa.Column("settled_note", sa.String(), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settled_by", sa.String(), nullable=True),
        sa.CheckConstraint(
            "kind IN ('advice', 'training', 'funding', 'representation', 'contacts', 'other')",
            name="ck_support_requests_kind",
        ),
        sa.CheckConstraint("outcome IN ('given', 'declined', 'withdrawn')", name="ck_support_requests_outcome"),
        sa.CheckConstraint("(outcome IS NULL) = (settled_on IS NULL)", name="ck_support_requests_settled"),
        _of_member("support_requests"),
        sa.PrimaryKeyConstraint("id", name="pk_support_requests"),
    )
    op.create_index("ix_support_requests_member_id", "support_requests", ["member_id"])
    op.create_index("ix_support_requests_asked_on_id", "support_requests", ["asked_on", "id"])


def _retention_actions() -> None:
    table, planned = "retention_actions", sa.text("state = 'planned'")
    op.create_table(
        table,
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("done_on", sa.Date(), nullable=True),
        sa.CheckConstraint("state IN ('planned', 'done', 'dropped')", name="ck_retention_actions_state"),
        sa.CheckConstraint("(state = 'done') = (done_on IS NOT NULL)", name="ck_retention_actions_done"),
        _of_member(table),
        sa.PrimaryKeyConstraint("id", name="pk_retention_actions"),
    )
    op.create_index("uq_retention_actions_planned", table, ["member_id", "kind"], unique=True, postgresql_where=planned)
    op.create_index("ix_retention_actions_member_id", table, ["member_id"])
    op.create_index("ix_retention_actions_due_on_id", table, ["due_on", "id"])
    op.create_index("ix_retention_actions_done_on_id", table, ["done_on", "id"])
    op.create_index("ix_retention_actions_owner_due_on", table, ["owner", "due_on"], postgresql_where=planned)
    op.create_table(
        "retention_steps",
        sa.Column("action_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("details", postgresql.JSONB(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["action_id"],
            ["retention_actions.id"],
            name="fk_retention_steps_action_id_retention_actions",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("action_id", "number", name="pk_retention_steps"),
    )


def _of_member(table: str) -> sa.ForeignKeyConstraint:
    name = f"fk_{table}_member_id_members"
    return sa.ForeignKeyConstraint(["member_id"], ["members.id"], name=name, ondelete="CASCADE")
