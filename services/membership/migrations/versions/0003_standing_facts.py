"""Standing from facts: facts of members, versions of the policy, electoral rolls."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    _create_facts()
    _create_policies()
    _create_rolls()
    _widen_members()
    _record_what_was_announced()


def _create_facts() -> None:
    op.create_table(
        "standing_facts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("period", sa.String(), nullable=False),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("voids_id", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by", sa.String(), nullable=False),
        sa.CheckConstraint("(kind = 'voided') = (voids_id IS NOT NULL)", name="ck_standing_facts_voids"),
        sa.CheckConstraint("(kind IN ('dues_due', 'dues_settled')) = (period <> '')", name="ck_standing_facts_period"),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name="fk_standing_facts_member_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["voids_id"], ["standing_facts.id"], name="fk_standing_facts_voids_id"),
        sa.PrimaryKeyConstraint("id", name="pk_standing_facts"),
        sa.UniqueConstraint("member_id", "key", "generation", name="uq_standing_facts_member_id_key_generation"),
        sa.UniqueConstraint("voids_id", name="uq_standing_facts_voids_id"),
    )
    op.create_index("ix_standing_facts_member_id_recorded_at_id", "standing_facts", ["member_id", "recorded_at", "id"])
    op.create_table(
        "standing_fact_successors",
        sa.Column("fact_id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["fact_id"], ["standing_facts.id"], name="fk_standing_fact_successors_fact_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name="fk_standing_fact_successors_organization_id"
        ),
        sa.PrimaryKeyConstraint("fact_id", "organization_id", name="pk_standing_fact_successors"),
    )
    op.create_index("ix_standing_fact_successors_organization_id", "standing_fact_successors", ["organization_id"])


def _create_policies() -> None:
    op.create_table(
        "standing_policies",
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("grace_days", sa.Integer(), nullable=False),
        sa.Column("vote_rests_after_days", sa.Integer(), nullable=True),
        sa.Column("termination_proposed_after_months", sa.Integer(), nullable=False),
        sa.Column("termination_after_months", sa.Integer(), nullable=True),
        sa.Column("resignation_notice_months", sa.Integer(), nullable=False),
        sa.Column("temporary_months", sa.Integer(), nullable=False),
        sa.Column("voting_categories", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("delegate_brackets", postgresql.JSONB(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by", sa.String(), nullable=False),
        sa.CheckConstraint("version > 1", name="ck_standing_policies_version"),
        sa.PrimaryKeyConstraint("version", name="pk_standing_policies"),
    )


def _create_rolls() -> None:
    op.create_table(
        "electoral_rolls",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("held_on", sa.Date(), nullable=False),
        sa.Column("known_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("members", sa.Integer(), nullable=False),
        sa.Column("voters", sa.Integer(), nullable=False),
        sa.Column("drawn_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("drawn_by", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_electoral_rolls"),
    )
    op.create_index("ix_electoral_rolls_drawn_at_id", "electoral_rolls", ["drawn_at", "id"])
    op.create_table(
        "electoral_roll_entries",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("roll_id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("folded_name", sa.String(), nullable=False),
        sa.Column("country", sa.String(), nullable=False),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("standing", sa.Text(), nullable=False),
        sa.Column("can_vote", sa.Boolean(), nullable=False),
        sa.Column("rules", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(
            ["roll_id"], ["electoral_rolls.id"], name="fk_electoral_roll_entries_roll_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name="fk_electoral_roll_entries_member_id"),
        sa.PrimaryKeyConstraint("id", name="pk_electoral_roll_entries"),
    )
    op.create_index("ix_electoral_roll_entries_member_id", "electoral_roll_entries", ["member_id"])
    op.create_index(
        "ix_electoral_roll_entries_roll_id_folded_name_id", "electoral_roll_entries", ["roll_id", "folded_name", "id"]
    )


def _widen_members() -> None:
    op.add_column("members", sa.Column("fact_count", sa.Integer(), server_default="0", nullable=False))
    op.add_column("members", sa.Column("next_change_on", sa.Date(), nullable=True))
    op.add_column("members", sa.Column("termination_proposed_on", sa.Date(), nullable=True))
    op.create_index("ix_members_next_change_on", "members", ["next_change_on"])
    op.create_index(
        "ix_members_termination_proposed_on",
        "members",
        ["termination_proposed_on"],
        postgresql_where="termination_proposed_on IS NOT NULL",
    )
    op.add_column("standing_changes", sa.Column("rule", sa.Text(), nullable=True))


def _record_what_was_announced() -> None:
    """The standings given by hand become facts: the last of each day, in the words and at the time it was given.

    Grace becomes dues that fell due the day before. The schedule then looks at each member once.
    """
    op.execute("""
        INSERT INTO standing_facts (id, member_id, kind, key, generation, effective_on, period, until, reason,
            reference, recorded_at, recorded_by)
        SELECT gen_random_uuid(), member_id, 'admitted', 'admitted', 1, effective_on, '', NULL, reason, '', changed_at,
            changed_by
        FROM standing_changes WHERE number = 1
    """)
    op.execute("""
        INSERT INTO standing_facts (id, member_id, kind, key, generation, effective_on, period, until, reason,
            reference, recorded_at, recorded_by)
        SELECT gen_random_uuid(), member_id, kind,
            CASE kind WHEN 'terminated' THEN kind ELSE kind || ' ' || day END,
            1, day, CASE kind WHEN 'dues_due' THEN day::text ELSE '' END,
            CASE kind WHEN 'resigned' THEN day END, reason, '', changed_at, changed_by
        FROM (
            SELECT DISTINCT ON (member_id, effective_on) member_id, reason, changed_at, changed_by,
                CASE standing WHEN 'grace' THEN 'dues_due' WHEN 'current' THEN 'reinstated' ELSE standing END AS kind,
                CASE standing WHEN 'grace' THEN effective_on - 1 ELSE effective_on END AS day
            FROM standing_changes WHERE number > 1 ORDER BY member_id, effective_on, number DESC
        ) AS last
    """)
    op.execute("""
        UPDATE members SET next_change_on = CURRENT_DATE,
            fact_count = (SELECT count(*) FROM standing_facts WHERE member_id = members.id)
    """)
