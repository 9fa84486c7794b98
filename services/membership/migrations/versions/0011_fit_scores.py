"""The score each open prospect is put in order by; 0 until the schedule has scored it, within minutes."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"

_OPEN = "stage IN ('identified', 'contacted', 'qualified', 'proposal', 'applied', 'dormant')"


def upgrade() -> None:
    op.add_column("prospects", sa.Column("fit_score", sa.Integer(), nullable=False, server_default="0"))
    op.create_index("ix_prospects_fit_score_id", "prospects", ["fit_score", "id"], postgresql_where=_OPEN)
