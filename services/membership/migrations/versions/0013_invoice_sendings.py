"""To whom invoices were sent."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.create_table(
        "dues_invoice_sendings",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("invoice_id", sa.Uuid(), nullable=False),
        sa.Column("contact_id", sa.Uuid(), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_by", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["invoice_id"], ["dues_invoices.id"], name="fk_dues_invoice_sendings_invoice_id_dues_invoices"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_dues_invoice_sendings"),
    )
    op.create_index(
        "ix_dues_invoice_sendings_invoice_id_sent_at_id",
        "dues_invoice_sendings",
        ["invoice_id", "sent_at", "id"],
    )
