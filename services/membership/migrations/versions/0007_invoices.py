"""Dues runs, invoices, payments, corrections and their ledger; reminders; bank statements."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    _create_bank_profiles()
    _create_bank_statements()
    _create_dues_number_series()
    _create_dues_postings()
    _create_dues_reminder_plans()
    _create_dues_runs()
    _create_dues_payments()
    _create_bank_entries()
    _create_dues_invoices()
    _create_dues_credit_notes()
    _create_dues_entries()
    _create_dues_reminders()
    _create_dues_write_offs()


def _create_bank_profiles() -> None:
    op.create_table(
        "bank_profiles",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("facts", postgresql.JSONB(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_bank_profiles"),
        sa.UniqueConstraint("name", name="uq_bank_profiles_name"),
    )
    op.create_index("ix_bank_profiles_recorded_at_id", "bank_profiles", ["recorded_at", "id"])


def _create_bank_statements() -> None:
    op.create_table(
        "bank_statements",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("entries", sa.Integer(), nullable=False),
        sa.Column("imported_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("imported_by", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_bank_statements"),
        sa.UniqueConstraint("account", "reference", name="uq_bank_statements_account_reference"),
    )
    op.create_index("ix_bank_statements_imported_at_id", "bank_statements", ["imported_at", "id"])


def _create_dues_number_series() -> None:
    op.create_table(
        "dues_number_series",
        sa.Column("series", sa.String(), nullable=False),
        sa.Column("year", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("series", "year", name="pk_dues_number_series"),
    )


def _create_dues_postings() -> None:
    op.create_table(
        "dues_postings",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("booked_on", sa.Date(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_dues_postings"),
    )


def _create_dues_reminder_plans() -> None:
    op.create_table(
        "dues_reminder_plans",
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("days", postgresql.ARRAY(sa.Integer()), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("version", name="pk_dues_reminder_plans"),
    )


def _create_dues_runs() -> None:
    op.create_table(
        "dues_runs",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("series", sa.String(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("shares", postgresql.JSONB(), nullable=False),
        sa.Column("again", sa.Boolean(), nullable=False),
        sa.Column("planned_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("planned_by", sa.String(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("started_by", sa.String(), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state IN ('draft', 'issuing', 'issued', 'discarded')", name="ck_dues_runs_state"),
        sa.PrimaryKeyConstraint("id", name="pk_dues_runs"),
    )
    op.create_index("ix_dues_runs_issuing", "dues_runs", ["started_at"], postgresql_where="state = 'issuing'")
    op.create_index("ix_dues_runs_planned_at_id", "dues_runs", ["planned_at", "id"])


def _create_dues_payments() -> None:
    op.create_table(
        "dues_payments",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("received_on", sa.Date(), nullable=False),
        sa.Column("minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("credited_minor", sa.BigInteger(), nullable=False),
        sa.Column("credited_currency", sa.String(), nullable=False),
        sa.Column("rate", sa.Numeric(precision=24, scale=12), nullable=True),
        sa.Column("rate_on", sa.Date(), nullable=True),
        sa.Column("rate_source", sa.String(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("moves", sa.Integer(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by", sa.String(), nullable=False),
        sa.CheckConstraint("(rate IS NULL) = (currency = credited_currency)", name="ck_dues_payments_rate"),
        sa.CheckConstraint("minor > 0 AND credited_minor > 0", name="ck_dues_payments_positive"),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name="fk_dues_payments_member_id"),
        sa.PrimaryKeyConstraint("id", name="pk_dues_payments"),
        sa.UniqueConstraint("reference", name="uq_dues_payments_reference"),
    )
    op.create_index("ix_dues_payments_member_id", "dues_payments", ["member_id"])
    op.create_index("ix_dues_payments_received_on_id", "dues_payments", ["received_on", "id"])
    op.create_index("ix_dues_payments_recorded_at_id", "dues_payments", ["recorded_at", "id"])


def _create_bank_entries() -> None:
    op.create_table(
        "bank_entries",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("statement_id", sa.Uuid(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("booked_on", sa.Date(), nullable=False),
        sa.Column("minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("remittance", sa.String(), nullable=False),
        sa.Column("payer", sa.String(), nullable=False),
        sa.Column("iban", sa.String(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("payment_id", sa.Uuid(), nullable=True),
        sa.Column("rejected", postgresql.JSONB(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["payment_id"], ["dues_payments.id"], name="fk_bank_entries_payment_id"),
        sa.ForeignKeyConstraint(["statement_id"], ["bank_statements.id"], name="fk_bank_entries_statement_id"),
        sa.PrimaryKeyConstraint("id", name="pk_bank_entries"),
        sa.UniqueConstraint("account", "key", name="uq_bank_entries_account_key"),
    )
    op.create_index("ix_bank_entries_iban", "bank_entries", ["iban"], postgresql_where="iban <> ''")
    op.create_index("ix_bank_entries_payment_id", "bank_entries", ["payment_id"])
    op.create_index("ix_bank_entries_state_booked_on_id", "bank_entries", ["state", "booked_on", "id"])
    op.create_index("ix_bank_entries_statement_id", "bank_entries", ["statement_id"])


def _create_dues_invoices() -> None:
    op.create_table(
        "dues_invoices",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("assessment_id", sa.Uuid(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("minor", sa.BigInteger(), nullable=False),
        sa.Column("open_minor", sa.BigInteger(), nullable=False),
        sa.Column("credited_minor", sa.BigInteger(), nullable=False),
        sa.Column("written_off_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("parts", postgresql.JSONB(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("addressee", postgresql.JSONB(), nullable=False),
        sa.Column("drafted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("drafted_by", sa.String(), nullable=False),
        sa.Column("series", sa.String(), nullable=True),
        sa.Column("number_year", sa.Integer(), nullable=True),
        sa.Column("number", sa.Integer(), nullable=True),
        sa.Column("issued_on", sa.Date(), nullable=True),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("issued_by", sa.String(), nullable=True),
        sa.Column("next_due_on", sa.Date(), nullable=True),
        sa.Column("falls_due_on", sa.Date(), nullable=True),
        sa.Column("overdue_count", sa.Integer(), nullable=False),
        sa.Column("next_reminder_on", sa.Date(), nullable=True),
        sa.CheckConstraint("(state = 'draft') <= (number IS NULL)", name="ck_dues_invoices_draft"),
        sa.CheckConstraint("minor > 0 AND open_minor BETWEEN 0 AND minor", name="ck_dues_invoices_open"),
        sa.ForeignKeyConstraint(["assessment_id"], ["dues_assessments.id"], name="fk_dues_invoices_assessment_id"),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name="fk_dues_invoices_member_id"),
        sa.ForeignKeyConstraint(["run_id"], ["dues_runs.id"], name="fk_dues_invoices_run_id"),
        sa.PrimaryKeyConstraint("id", name="pk_dues_invoices"),
        sa.UniqueConstraint("series", "number_year", "number", name="uq_dues_invoices_series_number_year_number"),
    )
    op.create_index("ix_dues_invoices_assessment_id", "dues_invoices", ["assessment_id"])
    op.create_index("ix_dues_invoices_drafted_at_id", "dues_invoices", ["drafted_at", "id"])
    op.create_index(
        "ix_dues_invoices_falls_due_on", "dues_invoices", ["falls_due_on"], postgresql_where="falls_due_on IS NOT NULL"
    )
    op.create_index("ix_dues_invoices_member_id", "dues_invoices", ["member_id"])
    op.create_index(
        "ix_dues_invoices_next_reminder_on",
        "dues_invoices",
        ["next_reminder_on"],
        postgresql_where="next_reminder_on IS NOT NULL",
    )
    op.create_index("ix_dues_invoices_run_id_state_id", "dues_invoices", ["run_id", "state", "id"])
    op.create_index("ix_dues_invoices_state_next_due_on_id", "dues_invoices", ["state", "next_due_on", "id"])
    op.create_index(
        "uq_dues_invoices_member_id_year",
        "dues_invoices",
        ["member_id", "year"],
        unique=True,
        postgresql_where="state <> 'cancelled'",
    )


def _create_dues_credit_notes() -> None:
    op.create_table(
        "dues_credit_notes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("invoice_id", sa.Uuid(), nullable=False),
        sa.Column("series", sa.String(), nullable=False),
        sa.Column("number_year", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("issued_by", sa.String(), nullable=False),
        sa.CheckConstraint("minor > 0", name="ck_dues_credit_notes_minor"),
        sa.ForeignKeyConstraint(["invoice_id"], ["dues_invoices.id"], name="fk_dues_credit_notes_invoice_id"),
        sa.PrimaryKeyConstraint("id", name="pk_dues_credit_notes"),
        sa.UniqueConstraint("series", "number_year", "number", name="uq_dues_credit_notes_series_number_year_number"),
    )
    op.create_index("ix_dues_credit_notes_invoice_id", "dues_credit_notes", ["invoice_id"])
    op.create_index("ix_dues_credit_notes_issued_at_id", "dues_credit_notes", ["issued_at", "id"])


def _create_dues_entries() -> None:
    op.create_table(
        "dues_entries",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("posting_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("invoice_id", sa.Uuid(), nullable=True),
        sa.Column("payment_id", sa.Uuid(), nullable=True),
        sa.Column("minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("booked_on", sa.Date(), nullable=False),
        sa.CheckConstraint("(account = 'receivable') = (invoice_id IS NOT NULL)", name="ck_dues_entries_invoice"),
        sa.CheckConstraint("account <> 'on_account' OR payment_id IS NOT NULL", name="ck_dues_entries_payment"),
        sa.CheckConstraint("minor <> 0", name="ck_dues_entries_minor"),
        sa.ForeignKeyConstraint(["invoice_id"], ["dues_invoices.id"], name="fk_dues_entries_invoice_id"),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name="fk_dues_entries_member_id"),
        sa.ForeignKeyConstraint(["payment_id"], ["dues_payments.id"], name="fk_dues_entries_payment_id"),
        sa.ForeignKeyConstraint(["posting_id"], ["dues_postings.id"], name="fk_dues_entries_posting_id"),
        sa.PrimaryKeyConstraint("id", name="pk_dues_entries"),
    )
    op.create_index("ix_dues_entries_account_booked_on", "dues_entries", ["account", "booked_on"])
    op.create_index(
        "ix_dues_entries_invoice_id", "dues_entries", ["invoice_id"], postgresql_where="invoice_id IS NOT NULL"
    )
    op.create_index("ix_dues_entries_member_id_booked_on", "dues_entries", ["member_id", "booked_on"])
    op.create_index(
        "ix_dues_entries_payment_id", "dues_entries", ["payment_id"], postgresql_where="payment_id IS NOT NULL"
    )
    op.create_index("ix_dues_entries_posting_id_number", "dues_entries", ["posting_id", "number"])


def _create_dues_reminders() -> None:
    op.create_table(
        "dues_reminders",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("invoice_id", sa.Uuid(), nullable=False),
        sa.Column("instalment", sa.Integer(), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("sent", sa.Boolean(), nullable=False),
        sa.Column("contact_id", sa.Uuid(), nullable=True),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["invoice_id"], ["dues_invoices.id"], name="fk_dues_reminders_invoice_id"),
        sa.PrimaryKeyConstraint("id", name="pk_dues_reminders"),
        sa.UniqueConstraint("invoice_id", "instalment", "days", name="uq_dues_reminders_invoice_id_instalment_days"),
    )
    op.create_index("ix_dues_reminders_taken_at_id", "dues_reminders", ["taken_at", "id"])


def _create_dues_write_offs() -> None:
    op.create_table(
        "dues_write_offs",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("invoice_id", sa.Uuid(), nullable=False),
        sa.Column("minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("proposed_by", sa.String(), nullable=False),
        sa.Column("decision", sa.String(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.String(), nullable=True),
        sa.CheckConstraint("state IN ('proposed', 'approved', 'rejected')", name="ck_dues_write_offs_state"),
        sa.CheckConstraint("minor > 0", name="ck_dues_write_offs_minor"),
        sa.ForeignKeyConstraint(["invoice_id"], ["dues_invoices.id"], name="fk_dues_write_offs_invoice_id"),
        sa.PrimaryKeyConstraint("id", name="pk_dues_write_offs"),
    )
    op.create_index("ix_dues_write_offs_invoice_id", "dues_write_offs", ["invoice_id"])
    op.create_index("ix_dues_write_offs_proposed_at_id", "dues_write_offs", ["proposed_at", "id"])
    op.create_index(
        "uq_dues_write_offs_proposed",
        "dues_write_offs",
        ["invoice_id"],
        unique=True,
        postgresql_where="state = 'proposed'",
    )
