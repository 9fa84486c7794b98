"""Statistic rounds and declarations; dues formulas, discounts, assessments and simulations."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    _create_dues_formulas()
    _create_statistic_rounds()
    _create_statistic_round_changes()
    _create_dues_formula_changes()
    _create_dues_simulations()
    _create_dues_discounts()
    _create_dues_simulation_rows()
    _create_statistic_declarations()
    _create_dues_assessments()
    _create_statistic_links()
    _create_statistic_steps()
    _create_statistic_requests()


def _create_dues_formulas() -> None:
    op.create_table(
        "dues_formulas",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("terms", postgresql.JSONB(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("effective_from", sa.Date(), nullable=False),
        sa.Column("effective_until", sa.Date(), nullable=True),
        postgresql.ExcludeConstraint(
            (sa.text("daterange(effective_from, effective_until)"), "&&"),
            where=sa.text("state IN ('approved', 'retired')"),
            using="gist",
            name="ex_dues_formulas_in_force",
        ),
        sa.CheckConstraint("state IN ('draft', 'approved', 'retired', 'discarded')", name="ck_dues_formulas_state"),
        sa.PrimaryKeyConstraint("id", name="pk_dues_formulas"),
        sa.UniqueConstraint("number", name="uq_dues_formulas_number"),
    )
    op.create_index("ix_dues_formulas_effective_from_id", "dues_formulas", ["effective_from", "id"])


def _create_statistic_rounds() -> None:
    op.create_table(
        "statistic_rounds",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("opens_on", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("closes_on", sa.Date(), nullable=False),
        sa.Column("thresholds", postgresql.JSONB(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("opened_by", sa.String(), nullable=False),
        sa.CheckConstraint("opens_on <= due_on AND due_on <= closes_on", name="ck_statistic_rounds_dates"),
        sa.PrimaryKeyConstraint("id", name="pk_statistic_rounds"),
        sa.UniqueConstraint("year", name="uq_statistic_rounds_year"),
    )


def _create_statistic_round_changes() -> None:
    op.create_table(
        "statistic_round_changes",
        sa.Column("round_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("facts", postgresql.JSONB(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_by", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["round_id"], ["statistic_rounds.id"], name="fk_statistic_round_changes_round_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("round_id", "number", name="pk_statistic_round_changes"),
    )


def _create_dues_formula_changes() -> None:
    op.create_table(
        "dues_formula_changes",
        sa.Column("formula_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_by", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["formula_id"], ["dues_formulas.id"], name="fk_dues_formula_changes_formula_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("formula_id", "number", name="pk_dues_formula_changes"),
    )


def _create_dues_simulations() -> None:
    op.create_table(
        "dues_simulations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("formula_id", sa.Uuid(), nullable=False),
        sa.Column("baseline_id", sa.Uuid(), nullable=True),
        sa.Column("terms", postgresql.JSONB(), nullable=False, comment="as they were: a draft may change"),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("statistics_year", sa.Integer(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("baseline_currency", sa.String(), nullable=True),
        sa.Column("simulated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("simulated_by", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["baseline_id"], ["dues_formulas.id"], name="fk_dues_simulations_baseline_id"),
        sa.ForeignKeyConstraint(["formula_id"], ["dues_formulas.id"], name="fk_dues_simulations_formula_id"),
        sa.PrimaryKeyConstraint("id", name="pk_dues_simulations"),
    )
    op.create_index("ix_dues_simulations_simulated_at_id", "dues_simulations", ["simulated_at", "id"])


def _create_dues_discounts() -> None:
    op.create_table(
        "dues_discounts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("percent", sa.Numeric(precision=5, scale=2), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("granted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("granted_by", sa.String(), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdrawn_by", sa.String(), nullable=True),
        sa.Column("withdrawn_reason", sa.String(), nullable=False),
        sa.CheckConstraint("percent > 0 AND percent <= 100", name="ck_dues_discounts_percent"),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name="fk_dues_discounts_member_id"),
        sa.PrimaryKeyConstraint("id", name="pk_dues_discounts"),
    )
    op.create_index("ix_dues_discounts_member_id", "dues_discounts", ["member_id"])
    op.create_index(
        "uq_dues_discounts_granted",
        "dues_discounts",
        ["member_id", "year", "code"],
        unique=True,
        postgresql_where="withdrawn_at IS NULL",
    )


def _create_dues_simulation_rows() -> None:
    op.create_table(
        "dues_simulation_rows",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("simulation_id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("country", sa.String(), nullable=False),
        sa.Column("category", sa.String(), nullable=False),
        sa.Column("persons", sa.BigInteger(), nullable=True),
        sa.Column("minor", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("baseline_minor", sa.BigInteger(), nullable=True),
        sa.Column("baseline_reason", sa.Text(), nullable=True),
        sa.Column("change", sa.BigInteger(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("lines", postgresql.JSONB(), nullable=False),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name="fk_dues_simulation_rows_member_id"),
        sa.ForeignKeyConstraint(
            ["simulation_id"], ["dues_simulations.id"], name="fk_dues_simulation_rows_simulation_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_dues_simulation_rows"),
        sa.UniqueConstraint("simulation_id", "member_id", name="uq_dues_simulation_rows_simulation_id_member_id"),
    )
    op.create_index("ix_dues_simulation_rows_change", "dues_simulation_rows", ["simulation_id", "change", "id"])


def _create_statistic_declarations() -> None:
    op.create_table(
        "statistic_declarations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("round_id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("persons", sa.BigInteger(), nullable=True),
        sa.Column("breakdown", postgresql.JSONB(), nullable=False),
        sa.Column("workers", sa.BigInteger(), nullable=True),
        sa.Column("turnover_minor", sa.BigInteger(), nullable=True),
        sa.Column("turnover_currency", sa.String(), nullable=True),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("evidence", sa.String(), nullable=False),
        sa.Column("warnings", postgresql.JSONB(), nullable=False),
        sa.Column("confirmation", sa.String(), nullable=False),
        sa.Column("question", sa.String(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("state = 'requested' OR persons IS NOT NULL", name="ck_statistic_declarations_figures"),
        sa.CheckConstraint(
            "state IN ('requested', 'declared', 'questioned', 'accepted')", name="ck_statistic_declarations_state"
        ),
        sa.CheckConstraint(
            "(turnover_minor IS NULL) = (turnover_currency IS NULL)", name="ck_statistic_declarations_turnover"
        ),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name="fk_statistic_declarations_member_id"),
        sa.ForeignKeyConstraint(["round_id"], ["statistic_rounds.id"], name="fk_statistic_declarations_round_id"),
        sa.PrimaryKeyConstraint("id", name="pk_statistic_declarations"),
        sa.UniqueConstraint("round_id", "member_id", name="uq_statistic_declarations_round_id_member_id"),
    )
    op.create_index("ix_statistic_declarations_changed_at_id", "statistic_declarations", ["changed_at", "id"])
    op.create_index("ix_statistic_declarations_member_id_year", "statistic_declarations", ["member_id", "year"])
    op.create_index("ix_statistic_declarations_round_id_state", "statistic_declarations", ["round_id", "state"])
    op.create_index("ix_statistic_declarations_year_state", "statistic_declarations", ["year", "state"])


def _create_dues_assessments() -> None:
    op.create_table(
        "dues_assessments",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("formula_id", sa.Uuid(), nullable=False),
        sa.Column("statistic_id", sa.Uuid(), nullable=True),
        sa.Column("inputs", postgresql.JSONB(), nullable=False),
        sa.Column("lines", postgresql.JSONB(), nullable=False),
        sa.Column("minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("assessed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("assessed_by", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["formula_id"], ["dues_formulas.id"], name="fk_dues_assessments_formula_id"),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name="fk_dues_assessments_member_id"),
        sa.ForeignKeyConstraint(
            ["statistic_id"], ["statistic_declarations.id"], name="fk_dues_assessments_statistic_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_dues_assessments"),
        sa.UniqueConstraint("member_id", "year", name="uq_dues_assessments_member_id_year"),
    )
    op.create_index("ix_dues_assessments_assessed_at_id", "dues_assessments", ["assessed_at", "id"])
    op.create_index("ix_dues_assessments_formula_id", "dues_assessments", ["formula_id"])
    op.create_index("ix_dues_assessments_year_id", "dues_assessments", ["year", "id"])


def _create_statistic_links() -> None:
    op.create_table(
        "statistic_links",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("statistic_id", sa.Uuid(), nullable=False),
        sa.Column("contact_id", sa.Uuid(), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by", sa.String(), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_by", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["statistic_id"], ["statistic_declarations.id"], name="fk_statistic_links_statistic_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_statistic_links"),
    )
    op.create_index("ix_statistic_links_statistic_id", "statistic_links", ["statistic_id"])


def _create_statistic_steps() -> None:
    op.create_table(
        "statistic_steps",
        sa.Column("statistic_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("figures", postgresql.JSONB(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["statistic_id"], ["statistic_declarations.id"], name="fk_statistic_steps_statistic_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("statistic_id", "number", name="pk_statistic_steps"),
    )


def _create_statistic_requests() -> None:
    op.create_table(
        "statistic_requests",
        sa.Column("statistic_id", sa.Uuid(), nullable=False),
        sa.Column("occasion", sa.Text(), nullable=False),
        sa.Column("step", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("link_id", sa.Uuid(), nullable=False),
        sa.Column("contact_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.CheckConstraint("occasion IN ('request', 'reminder', 'question')", name="ck_statistic_requests_occasion"),
        sa.ForeignKeyConstraint(
            ["link_id"], ["statistic_links.id"], name="fk_statistic_requests_link_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["statistic_id"],
            ["statistic_declarations.id"],
            name="fk_statistic_requests_statistic_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("statistic_id", "occasion", "step", name="pk_statistic_requests"),
    )
