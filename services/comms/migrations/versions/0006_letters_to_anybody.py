"""Letters to whoever speaks for an organization."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.alter_column("letters", "contact_id", existing_type=sa.Uuid(), nullable=True)
    op.create_index(
        "ix_letters_for_anybody",
        "letters",
        ["organization_id"],
        postgresql_where="contact_id IS NULL AND state = 'awaiting_contact'",
    )
