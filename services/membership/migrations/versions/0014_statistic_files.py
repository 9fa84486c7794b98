"""Files as evidence of statistic declarations."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.create_table(
        "statistic_files",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("statistic_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("media_type", sa.String(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("added_by", sa.String(), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("removed_by", sa.String(), nullable=True),
        sa.CheckConstraint("size > 0", name="ck_statistic_files_size"),
        sa.ForeignKeyConstraint(
            ["statistic_id"], ["statistic_declarations.id"], name="fk_statistic_files_statistic_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_statistic_files"),
    )
    op.create_index(
        "ix_statistic_files_statistic_id_added_at_id", "statistic_files", ["statistic_id", "added_at", "id"]
    )
