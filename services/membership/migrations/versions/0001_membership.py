"""Organizations, prospects, members, imports and reviews."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from shared.migrations import plumbing_0001

revision = "0001"
down_revision = None


def upgrade() -> None:
    plumbing_0001.upgrade()
    _create_import_runs()
    _create_organizations()
    _index_organizations()
    _create_contacts()
    _create_identifiers()
    _create_import_findings()
    _create_members()
    _create_prospects()
    _create_review_items()
    _create_unmatched()
    _create_standing_changes()


def _create_import_runs() -> None:
    op.create_table(
        "import_runs",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("register", sa.String(), nullable=False),
        sa.Column("profile", sa.String(), nullable=False),
        sa.Column("file", sa.String(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("created", sa.Integer(), nullable=False),
        sa.Column("updated", sa.Integer(), nullable=False),
        sa.Column("unchanged", sa.Integer(), nullable=False),
        sa.Column("in_review", sa.Integer(), nullable=False),
        sa.Column("rejected", sa.Integer(), nullable=False),
        sa.Column("flagged_identifiers", sa.Integer(), nullable=False),
        sa.Column("missing", sa.Integer(), nullable=False),
        sa.Column("gone", sa.Integer(), nullable=False),
        sa.CheckConstraint("state IN ('running', 'completed', 'interrupted')", name="ck_import_runs_state"),
        sa.PrimaryKeyConstraint("id", name="pk_import_runs"),
    )
    op.create_index("ix_import_runs_register", "import_runs", ["register"])
    op.create_index("ix_import_runs_started_at_id", "import_runs", ["started_at", "id"])


def _create_organizations() -> None:
    op.create_table(
        "organizations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("country", sa.String(), nullable=False),
        sa.Column("subdivision", sa.String(), nullable=False),
        sa.Column("locality", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("postal_code", sa.String(), nullable=False),
        sa.Column("website", sa.String(), nullable=False),
        sa.Column("sectors", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("structure", sa.String(), nullable=False),
        sa.Column("founded_on", sa.Date(), nullable=True),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("register", sa.String(), nullable=True),
        sa.Column("register_key", sa.String(), nullable=True),
        sa.Column("register_hash", sa.LargeBinary(), nullable=True),
        sa.Column("gone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("folded_name", sa.String(), nullable=False),
        sa.Column("folded_subdivision", sa.String(), nullable=False),
        sa.Column("place", sa.String(), nullable=True),
        sa.Column(
            "search",
            postgresql.TSVECTOR(),
            sa.Computed("to_tsvector('simple'::regconfig, folded_name)", persisted=True),
            nullable=False,
        ),
        sa.CheckConstraint("country ~ '^[A-Z]{2}$'", name="ck_organizations_country"),
        sa.CheckConstraint("(register IS NULL) = (register_key IS NULL)", name="ck_organizations_register_and_key"),
        sa.PrimaryKeyConstraint("id", name="pk_organizations"),
        sa.UniqueConstraint("register", "register_key", name="uq_organizations_register_register_key"),
    )


def _index_organizations() -> None:
    op.create_index("ix_organizations_country_folded_name_id", "organizations", ["country", "folded_name", "id"])
    op.create_index("ix_organizations_folded_name_id", "organizations", ["folded_name", "id"])
    op.create_index("ix_organizations_place", "organizations", ["place"])
    op.create_index("ix_organizations_search", "organizations", ["search"], postgresql_using="gin")
    op.create_index("ix_organizations_sectors", "organizations", ["sectors"], postgresql_using="gin")


def _create_contacts() -> None:
    op.create_table(
        "contacts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("phone", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("from_register", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name="fk_contacts_organization_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_contacts"),
    )
    op.create_index("ix_contacts_organization_id", "contacts", ["organization_id"])


def _create_identifiers() -> None:
    op.create_table(
        "identifiers",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("scheme", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.Column("valid", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name="fk_identifiers_organization_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("organization_id", "scheme", "value", name="pk_identifiers"),
    )
    op.create_index("ix_identifiers_valid", "identifiers", ["scheme", "value"], postgresql_where="valid")
    op.create_index("ix_identifiers_value", "identifiers", ["value"])


def _create_import_findings() -> None:
    op.create_table(
        "import_findings",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("import_id", sa.Uuid(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("column", sa.String(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("params", postgresql.JSONB(), nullable=False),
        sa.CheckConstraint("kind IN ('rejected', 'in_review', 'flagged')", name="ck_import_findings_kind"),
        sa.ForeignKeyConstraint(
            ["import_id"], ["import_runs.id"], name="fk_import_findings_import_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_import_findings"),
    )
    op.create_index("ix_import_findings_import_id_id", "import_findings", ["import_id", "id"])


def _create_members() -> None:
    op.create_table(
        "members",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("standing", sa.Text(), nullable=False),
        sa.Column("admitted_on", sa.Date(), nullable=False),
        sa.Column("admitted_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("category IN ('full', 'associate')", name="ck_members_category"),
        sa.CheckConstraint(
            "standing IN ('current', 'grace', 'suspended', 'resigned', 'terminated')", name="ck_members_standing"
        ),
        sa.ForeignKeyConstraint(["organization_id"], ["organizations.id"], name="fk_members_organization_id"),
        sa.PrimaryKeyConstraint("id", name="pk_members"),
    )
    op.create_index("ix_members_organization_id", "members", ["organization_id"])
    op.create_index("ix_members_standing", "members", ["standing"])
    op.create_index(
        "uq_members_live",
        "members",
        ["organization_id"],
        unique=True,
        postgresql_where="standing IN ('current', 'grace', 'suspended')",
    )


def _create_prospects() -> None:
    op.create_table(
        "prospects",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("lost_reason", sa.String(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("opened_by", sa.String(), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_by", sa.String(), nullable=True),
        sa.CheckConstraint("stage IN ('opened', 'admitted', 'lost')", name="ck_prospects_stage"),
        sa.ForeignKeyConstraint(["organization_id"], ["organizations.id"], name="fk_prospects_organization_id"),
        sa.PrimaryKeyConstraint("id", name="pk_prospects"),
    )
    op.create_index("ix_prospects_opened_at_id", "prospects", ["opened_at", "id"])
    op.create_index("ix_prospects_organization_id", "prospects", ["organization_id"])
    op.create_index(
        "uq_prospects_open", "prospects", ["organization_id"], unique=True, postgresql_where="stage = 'opened'"
    )


def _create_review_items() -> None:
    op.create_table(
        "review_items",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("first_id", sa.Uuid(), nullable=False),
        sa.Column("second_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("evidence", postgresql.JSONB(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decision", sa.Text(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.String(), nullable=True),
        sa.Column("note", sa.String(), nullable=False),
        sa.CheckConstraint("decision IN ('same', 'different')", name="ck_review_items_decision"),
        sa.CheckConstraint("reason IN ('shared_identifier', 'close_name')", name="ck_review_items_reason"),
        sa.CheckConstraint("first_id < second_id", name="ck_review_items_ordered"),
        sa.ForeignKeyConstraint(["first_id"], ["organizations.id"], name="fk_review_items_first_id"),
        sa.ForeignKeyConstraint(["second_id"], ["organizations.id"], name="fk_review_items_second_id"),
        sa.PrimaryKeyConstraint("id", name="pk_review_items"),
        sa.UniqueConstraint("first_id", "second_id", "reason", name="uq_review_items_first_id_second_id_reason"),
    )
    op.create_index("ix_review_items_opened_at_id", "review_items", ["opened_at", "id"])
    op.create_index("ix_review_items_second_id", "review_items", ["second_id"])


def _create_unmatched() -> None:
    op.create_table(
        "unmatched",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name="fk_unmatched_organization_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("organization_id", name="pk_unmatched"),
    )


def _create_standing_changes() -> None:
    op.create_table(
        "standing_changes",
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("previous", sa.Text(), nullable=True),
        sa.Column("standing", sa.Text(), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_by", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["member_id"], ["members.id"], name="fk_standing_changes_member_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("member_id", "number", name="pk_standing_changes"),
    )
