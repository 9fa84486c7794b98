"""What members agreed to show in the public directory."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.create_table(
        "directory_consents",
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("shows", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("agreed_by", sa.String(), nullable=False),
        sa.Column("agreed_on", sa.Date(), nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by", sa.String(), nullable=False),
        sa.CheckConstraint(
            "shows <@ ARRAY['listing', 'profile', 'address', 'contact']", name="ck_directory_consents_shows"
        ),
        sa.CheckConstraint("shows = '{}' OR 'listing' = ANY (shows)", name="ck_directory_consents_listed"),
        sa.ForeignKeyConstraint(
            ["member_id"], ["members.id"], name="fk_directory_consents_member_id_members", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("member_id", "number", name="pk_directory_consents"),
    )
