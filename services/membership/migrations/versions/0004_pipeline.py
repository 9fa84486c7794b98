"""The pipeline: stages and history of prospects, campaigns, leads and growth targets.

Stage "opened" becomes "identified". What the edition before still writes while it is being replaced is changed on its
way in by a trigger, which the contracting migration takes away.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"

_STAGES = "'identified', 'contacted', 'qualified', 'proposal', 'applied', 'dormant', 'lost', 'admitted'"
_OPEN = "stage IN ('identified', 'contacted', 'qualified', 'proposal', 'applied', 'dormant')"


def upgrade() -> None:
    _create_campaigns()
    _extend_prospects()
    _create_prospect_entries()
    _carry_prospects_over()
    _replace_stages()
    _index_prospects()
    _create_campaign_targets()
    _create_leads()
    _create_growth_targets()


def _create_campaigns() -> None:
    op.create_table(
        "campaigns",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("budget_minor", sa.BigInteger(), nullable=False),
        sa.Column("spent_minor", sa.BigInteger(), nullable=True),
        sa.Column("target", postgresql.JSONB(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("frozen_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state IN ('planned', 'in_progress', 'completed', 'cancelled')", name="ck_campaigns_state"),
        sa.CheckConstraint("ends_on >= starts_on", name="ck_campaigns_period"),
        sa.PrimaryKeyConstraint("id", name="pk_campaigns"),
    )
    op.create_index("ix_campaigns_starts_on_id", "campaigns", ["starts_on", "id"])
    op.create_table(
        "campaign_changes",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("previous", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("changed", postgresql.JSONB(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaigns.id"], name="fk_campaign_changes_campaign_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_campaign_changes"),
    )
    op.create_index("ix_campaign_changes_campaign_id_id", "campaign_changes", ["campaign_id", "id"])


def _extend_prospects() -> None:
    moment = sa.DateTime(timezone=True)
    op.add_column("prospects", sa.Column("stage_since", moment, nullable=False, server_default=sa.func.now()))
    op.add_column("prospects", sa.Column("owner", sa.String(), nullable=True))
    op.add_column("prospects", sa.Column("next_action", sa.String(), nullable=False, server_default=""))
    op.add_column("prospects", sa.Column("next_action_on", sa.Date(), nullable=True))
    op.add_column("prospects", sa.Column("campaign_id", sa.Uuid(), nullable=True))
    op.add_column("prospects", sa.Column("dormant_until", sa.Date(), nullable=True))
    op.add_column("prospects", sa.Column("resumes_at", sa.Text(), nullable=True))
    op.add_column("prospects", sa.Column("lost_code", sa.Text(), nullable=True))
    op.add_column("prospects", sa.Column("correlation_id", sa.String(), nullable=False, server_default=""))
    op.add_column("prospects", sa.Column("causation_id", sa.Uuid(), nullable=True))
    op.add_column("prospects", sa.Column("member_id", sa.Uuid(), nullable=True))
    op.create_foreign_key("fk_prospects_campaign_id", "prospects", "campaigns", ["campaign_id"], ["id"])
    op.create_foreign_key("fk_prospects_member_id", "prospects", "members", ["member_id"], ["id"])


def _create_prospect_entries() -> None:
    op.create_table(
        "prospect_entries",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("prospect_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("previous", sa.Text(), nullable=True),
        sa.Column("stage", sa.Text(), nullable=True),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("details", postgresql.JSONB(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('opened', 'moved', 'assigned', 'planned', 'campaign', 'lead', 'noted')",
            name="ck_prospect_entries_kind",
        ),
        sa.ForeignKeyConstraint(
            ["prospect_id"], ["prospects.id"], name="fk_prospect_entries_prospect_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_prospect_entries"),
    )
    op.create_index("ix_prospect_entries_prospect_id_id", "prospect_entries", ["prospect_id", "id"])


def _carry_prospects_over() -> None:
    """Their history as far as it is known: opened, and closed or not; the member that an admitted one became."""
    op.execute("""
        INSERT INTO prospect_entries (prospect_id, kind, stage, text, details, at, by)
        SELECT id, 'opened', 'identified', note, '{}', opened_at, opened_by FROM prospects ORDER BY opened_at, id
    """)
    op.execute("""
        INSERT INTO prospect_entries (prospect_id, kind, previous, stage, text, details, at, by)
        SELECT id, 'moved', 'identified', stage, lost_reason, '{}', closed_at, closed_by
        FROM prospects WHERE closed_at IS NOT NULL ORDER BY closed_at, id
    """)
    op.execute("""
        UPDATE prospects SET member_id = members.id FROM members
        WHERE members.organization_id = prospects.organization_id AND members.admitted_at = prospects.closed_at
        AND prospects.stage = 'admitted'
    """)
    op.execute("""
        UPDATE prospects SET stage_since = coalesce(closed_at, opened_at),
            lost_code = CASE stage WHEN 'lost' THEN 'other' END,
            resumes_at = CASE stage WHEN 'lost' THEN 'identified' END
    """)


def _replace_stages() -> None:
    op.drop_constraint("ck_prospects_stage", "prospects", type_="check")
    op.execute("UPDATE prospects SET stage = 'identified' WHERE stage = 'opened'")
    op.create_check_constraint("ck_prospects_stage", "prospects", f"stage IN ({_STAGES})")
    dormant = "(stage = 'dormant') = (dormant_until IS NOT NULL)"
    op.create_check_constraint("ck_prospects_dormant_until", "prospects", dormant)
    op.execute("""
        CREATE FUNCTION stage_of_the_edition_before() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN NEW.stage := 'identified'; RETURN NEW; END $$
    """)
    op.execute("""
        CREATE TRIGGER stage_of_the_edition_before BEFORE INSERT OR UPDATE ON prospects
        FOR EACH ROW WHEN (NEW.stage = 'opened') EXECUTE FUNCTION stage_of_the_edition_before()
    """)


def _index_prospects() -> None:
    op.drop_index("uq_prospects_open", "prospects")
    op.create_index("uq_prospects_open", "prospects", ["organization_id"], unique=True, postgresql_where=_OPEN)
    op.create_index("uq_prospects_member_id", "prospects", ["member_id"], unique=True)
    op.create_index("ix_prospects_next_action_on_id", "prospects", ["next_action_on", "id"])
    op.create_index(
        "ix_prospects_owner_next_action_on", "prospects", ["owner", "next_action_on"], postgresql_where=_OPEN
    )
    op.create_index("ix_prospects_stage_stage_since", "prospects", ["stage", "stage_since"])
    op.create_index("ix_prospects_campaign_id", "prospects", ["campaign_id"])


def _create_campaign_targets() -> None:
    op.create_table(
        "campaign_targets",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("prospect_id", sa.Uuid(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "outcome IN ('added', 'already_member', 'already_prospect', 'recently_lost', 'gone')",
            name="ck_campaign_targets_outcome",
        ),
        sa.CheckConstraint("(outcome = 'added') = (prospect_id IS NOT NULL)", name="ck_campaign_targets_prospect"),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaigns.id"], name="fk_campaign_targets_campaign_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["organization_id"], ["organizations.id"], name="fk_campaign_targets_organization_id"),
        sa.ForeignKeyConstraint(["prospect_id"], ["prospects.id"], name="fk_campaign_targets_prospect_id"),
        sa.PrimaryKeyConstraint("organization_id", "campaign_id", name="pk_campaign_targets"),
    )
    op.create_index(
        "ix_campaign_targets_campaign_id_organization_id", "campaign_targets", ["campaign_id", "organization_id"]
    )
    op.create_index("ix_campaign_targets_prospect_id", "campaign_targets", ["prospect_id"])


def _create_leads() -> None:
    op.create_table(
        "leads",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("gathering_id", sa.Uuid(), nullable=False),
        sa.Column("gathering", sa.String(), nullable=False),
        sa.Column("gathering_kind", sa.String(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("given_name", sa.String(), nullable=False),
        sa.Column("name_key", sa.String(), nullable=False),
        sa.Column("found_by", sa.Text(), nullable=False),
        sa.Column("interest", sa.String(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("prospect_id", sa.Uuid(), nullable=True),
        sa.Column("correlation_id", sa.String(), nullable=False),
        sa.Column("captured_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("found_by IN ('id', 'name', 'new', 'ambiguous')", name="ck_leads_found_by"),
        sa.CheckConstraint("outcome IN ('opened', 'added', 'late', 'member', 'gone')", name="ck_leads_outcome"),
        sa.ForeignKeyConstraint(["organization_id"], ["organizations.id"], name="fk_leads_organization_id"),
        sa.ForeignKeyConstraint(["prospect_id"], ["prospects.id"], name="fk_leads_prospect_id"),
        sa.PrimaryKeyConstraint("id", name="pk_leads"),
    )
    op.create_index("ix_leads_organization_id_captured_at", "leads", ["organization_id", "captured_at"])
    op.create_index("ix_leads_prospect_id", "leads", ["prospect_id"])
    op.create_index("ix_leads_name_key", "leads", ["name_key"], postgresql_where="name_key <> ''")
    op.create_index("ix_leads_captured_at_id", "leads", ["captured_at", "id"])


def _create_growth_targets() -> None:
    op.create_table(
        "growth_targets",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("country", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("admissions", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("set_by", sa.String(), nullable=False),
        sa.CheckConstraint("admissions >= 0", name="ck_growth_targets_admissions"),
        sa.CheckConstraint("country ~ '^([A-Z]{2})?$'", name="ck_growth_targets_country"),
        sa.PrimaryKeyConstraint("id", name="pk_growth_targets"),
        sa.UniqueConstraint("year", "country", "number", name="uq_growth_targets_year_country_number"),
    )
