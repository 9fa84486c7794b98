"""What would show if an event's effect had happened twice, and what must balance, per service."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from sqlalchemy.orm import Session

from intercoop.audit.publishers import Database, column
from intercoop.audit.report import Finding, Kind, finding
from services.membership import operations
from shared.database import Bounds, connect


@dataclass(frozen=True, kw_only=True)
class Check:
    """A query whose first column names each offender; no rows, no finding."""

    kind: Kind = "doubled"
    what: str
    query: str


@dataclass(frozen=True, kw_only=True)
class Examination:
    """What no query finds: the service's own rules name the offenders; none, no finding."""

    kind: Kind = "damaged"
    what: str
    look: Callable[[Session], Iterable[object]]


EXAMINATIONS: dict[str, tuple[Examination, ...]] = {
    "membership": (
        Examination(what="members whose standing was announced as another than it was", look=operations.misannounced),
    ),
}

CHECKS: dict[str, tuple[Check, ...]] = {
    "membership": (
        Check(
            what="organizations that are members twice",
            query="""SELECT organization_id FROM members WHERE standing IN ('current', 'grace', 'suspended')
                     GROUP BY organization_id HAVING count(*) > 1""",
        ),
        Check(
            kind="damaged",
            what="merged organizations that something still points at",
            query="""SELECT organizations.id FROM organizations JOIN (
                         SELECT organization_id FROM members UNION SELECT organization_id FROM prospects
                         UNION SELECT organization_id FROM contacts
                     ) AS pointing ON pointing.organization_id = organizations.id
                     WHERE organizations.merged_into IS NOT NULL""",
        ),
        Check(
            kind="damaged",
            what="postings of dues that do not balance",
            query="""SELECT DISTINCT posting_id FROM dues_entries
                     GROUP BY posting_id, currency HAVING sum(minor) <> 0""",
        ),
        Check(
            kind="damaged",
            what="invoices of which the ledger says another amount is open",
            query="""SELECT dues_invoices.id FROM dues_invoices LEFT JOIN (
                         SELECT invoice_id, sum(minor) AS open, min(currency) AS one, max(currency) AS other
                         FROM dues_entries WHERE account = 'receivable' GROUP BY invoice_id
                     ) AS entered ON entered.invoice_id = dues_invoices.id
                     WHERE coalesce(entered.open, 0) <> CASE WHEN number IS NULL THEN 0 ELSE open_minor END
                         OR entered.one <> dues_invoices.currency OR entered.other <> dues_invoices.currency""",
        ),
    ),
    "funding": (),
    "events": (
        Check(
            what="persons registered twice for one gathering",
            query="SELECT min(id::text) FROM registrations GROUP BY gathering_id, person HAVING count(*) > 1",
        ),
    ),
    "comms": (
        Check(
            what="messages of one purpose sent twice about one event",
            query="""SELECT source_id FROM messages WHERE state IN ('delivered', 'read')
                     GROUP BY source_id, purpose, channel HAVING count(*) > 1""",
        ),
        Check(
            what="messages delivered twice",
            query="""SELECT message_id FROM message_steps WHERE step = 'delivered'
                     GROUP BY message_id HAVING count(*) > 1""",
        ),
    ),
}


def check_effects(database: Database, service: str, checks: tuple[Check, ...]) -> list[Finding]:
    """The service's own checks on its own tables."""
    return [one for check in checks for one in finding(check.kind, service, check.what, column(database, check.query))]


def examine(database_url: str, service: str, examinations: tuple[Examination, ...], *, seconds: float) -> list[Finding]:
    """The service's own rules on its own tables; each statement may take so many seconds."""
    if not examinations:
        return []
    engine = connect(database_url, pool_size=1, bounds=Bounds(statement=seconds))
    moment = engine.execution_options(isolation_level="REPEATABLE READ")  # or what changes between two looks is damage
    try:
        with Session(moment) as session:
            return [one for each in examinations for one in finding(each.kind, service, each.what, each.look(session))]
    finally:
        engine.dispose()
