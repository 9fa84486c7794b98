"""The record of an organization, scores of pairs, history, affiliations and merges.

`search` is made anew from name and aliases: a column that is generated can't be changed. On 100,000 rows that takes a
few seconds, during which the table is locked.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    _widen_organizations()
    _widen_identifiers_and_contacts()
    _widen_review_items()
    _create_affiliations()
    _create_organization_changes()
    _create_organization_merges()


def _widen_organizations() -> None:
    texts = sa.ARRAY(sa.Text())
    op.add_column("organizations", sa.Column("acronym", sa.String(), server_default="", nullable=False))
    op.add_column("organizations", sa.Column("trade_names", texts, server_default=sa.text("'{}'"), nullable=False))
    op.add_column("organizations", sa.Column("degree", sa.String(), server_default="", nullable=False))
    op.add_column("organizations", sa.Column("languages", texts, server_default=sa.text("'{}'"), nullable=False))
    op.add_column("organizations", sa.Column("folded_aliases", sa.String(), server_default="", nullable=False))
    op.add_column("organizations", sa.Column("acronyms", texts, server_default=sa.text("'{}'"), nullable=False))
    op.add_column("organizations", sa.Column("merged_into", sa.Uuid(), nullable=True))
    op.create_foreign_key("fk_organizations_merged_into", "organizations", "organizations", ["merged_into"], ["id"])
    op.create_index("ix_organizations_degree_folded_name_id", "organizations", ["degree", "folded_name", "id"])
    op.drop_index("ix_organizations_search", "organizations")
    op.drop_column("organizations", "search")
    searched = "to_tsvector('simple'::regconfig, folded_name || ' ' || folded_aliases)"
    op.add_column(
        "organizations",
        sa.Column("search", postgresql.TSVECTOR(), sa.Computed(searched, persisted=True), nullable=False),
    )
    op.create_index("ix_organizations_search", "organizations", ["search"], postgresql_using="gin")
    op.create_index("ix_organizations_acronyms", "organizations", ["acronyms"], postgresql_using="gin")
    op.create_index(
        "ix_organizations_merged_into",
        "organizations",
        ["merged_into"],
        postgresql_where="merged_into IS NOT NULL",
    )


def _widen_identifiers_and_contacts() -> None:
    op.add_column("identifiers", sa.Column("kind", sa.Text(), server_default="registration", nullable=False))
    op.create_check_constraint(
        "ck_identifiers_kind", "identifiers", "kind IN ('tax', 'registration', 'decree', 'other')"
    )
    op.execute(
        "UPDATE identifiers SET kind = 'tax' WHERE scheme IN ('AR-CUIT', 'BR-CNPJ', 'CO-NIT', 'CR-CPJ', 'DO-RNC', "
        "'EC-RUC', 'GT-NIT', 'MX-RFC', 'PE-RUC', 'PY-RUC', 'SV-NIT', 'US-EIN', 'UY-RUT', 'VE-RIF', 'CL-RUT')"
    )
    op.add_column("contacts", sa.Column("source_id", sa.Uuid(), nullable=True))


def _widen_review_items() -> None:
    op.add_column("review_items", sa.Column("proposed_ids", sa.ARRAY(sa.Uuid()), nullable=True))
    op.add_column("review_items", sa.Column("score", sa.Integer(), server_default="0", nullable=False))
    op.add_column("review_items", sa.Column("level", sa.Text(), server_default="possible", nullable=False))
    op.add_column("review_items", sa.Column("signals", postgresql.JSONB(), server_default="[]", nullable=False))
    op.create_check_constraint("ck_review_items_score", "review_items", "score BETWEEN 0 AND 100")
    op.create_check_constraint(
        "ck_review_items_level", "review_items", "level IN ('certain', 'likely', 'possible', 'unlikely')"
    )
    op.drop_constraint("ck_review_items_reason", "review_items")
    op.create_check_constraint(
        "ck_review_items_reason", "review_items", "reason IN ('shared_identifier', 'close_name', 'same_acronym')"
    )
    op.create_index("ix_review_items_score_id", "review_items", ["score", "id"])


def _create_affiliations() -> None:
    op.create_table(
        "affiliations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("federation_id", sa.Uuid(), nullable=False),
        sa.Column("since_on", sa.Date(), nullable=True),
        sa.Column("until_on", sa.Date(), nullable=True),
        sa.Column("note", sa.String(), server_default="", nullable=False),
        sa.CheckConstraint("organization_id <> federation_id", name="ck_affiliations_two"),
        sa.CheckConstraint("until_on >= since_on", name="ck_affiliations_order"),
        sa.ForeignKeyConstraint(["organization_id"], ["organizations.id"], name="fk_affiliations_organization_id"),
        sa.ForeignKeyConstraint(["federation_id"], ["organizations.id"], name="fk_affiliations_federation_id"),
        sa.PrimaryKeyConstraint("id", name="pk_affiliations"),
    )
    op.create_index("ix_affiliations_federation_id", "affiliations", ["federation_id"])
    op.create_index("ix_affiliations_organization_id", "affiliations", ["organization_id"])


def _create_organization_changes() -> None:
    op.create_table(
        "organization_changes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_by", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("fields", postgresql.JSONB(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('added', 'changed', 'register_changed', 'contact_added', 'contact_changed', 'contact_removed', "
            "'affiliation_added', 'affiliation_changed', 'affiliation_removed', 'merged', 'unmerged')",
            name="ck_organization_changes_kind",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name="fk_organization_changes_organization_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_organization_changes"),
    )
    op.create_index(
        "ix_organization_changes_organization_id_changed_at_id",
        "organization_changes",
        ["organization_id", "changed_at", "id"],
    )


def _create_organization_merges() -> None:
    op.create_table(
        "organization_merges",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("survivor_id", sa.Uuid(), nullable=False),
        sa.Column("loser_id", sa.Uuid(), nullable=False),
        sa.Column("review_item_id", sa.Uuid(), nullable=True),
        sa.Column("merged_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("merged_by", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("choices", postgresql.JSONB(), nullable=False),
        sa.Column("taken", postgresql.JSONB(), nullable=False),
        sa.Column("added", postgresql.JSONB(), nullable=False),
        sa.Column("moved", postgresql.JSONB(), nullable=False),
        sa.Column("snapshot", postgresql.JSONB(), nullable=False),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("undone_by", sa.String(), nullable=True),
        sa.Column("undo_reason", sa.String(), server_default="", nullable=False),
        sa.Column("kept", postgresql.JSONB(), nullable=True),
        sa.ForeignKeyConstraint(["survivor_id"], ["organizations.id"], name="fk_organization_merges_survivor_id"),
        sa.ForeignKeyConstraint(["loser_id"], ["organizations.id"], name="fk_organization_merges_loser_id"),
        sa.ForeignKeyConstraint(["review_item_id"], ["review_items.id"], name="fk_organization_merges_review_item_id"),
        sa.PrimaryKeyConstraint("id", name="pk_organization_merges"),
    )
    op.create_index("ix_organization_merges_loser_id", "organization_merges", ["loser_id"])
    op.create_index("ix_organization_merges_merged_at_id", "organization_merges", ["merged_at", "id"])
    op.create_index("ix_organization_merges_survivor_id", "organization_merges", ["survivor_id"])
    op.create_index(
        "uq_organization_merges_active",
        "organization_merges",
        ["loser_id"],
        unique=True,
        postgresql_where="undone_at IS NULL",
    )
