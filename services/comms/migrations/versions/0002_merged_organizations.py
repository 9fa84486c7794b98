"""The replica of membership's merges."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "merged_organizations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("merged_into", sa.Uuid(), nullable=False),
        sa.Column("survivor_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_merged_organizations"),
    )
    op.create_index("ix_merged_organizations_survivor_id", "merged_organizations", ["survivor_id"])
