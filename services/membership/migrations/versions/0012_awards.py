"""What funding tells of awards is a signal of engagement too."""

from alembic import op

revision = "0012"
down_revision = "0011"

_KINDS = (
    "'notice_delivered', 'notice_read', 'contact_unreachable', 'contact_cleared', 'registered', "
    "'registered_as_member', 'awarded'"
)


def upgrade() -> None:
    op.drop_constraint(op.f("ck_told_signals_kind"), "told_signals")
    op.create_check_constraint(op.f("ck_told_signals_kind"), "told_signals", f"kind IN ({_KINDS})")
