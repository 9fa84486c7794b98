"""What would show if an event's effect had happened twice, and what must balance, per service."""

from dataclasses import dataclass

from intercoop.audit.publishers import Database, column
from intercoop.audit.report import Finding, Kind, finding


@dataclass(frozen=True, kw_only=True)
class Check:
    """A query whose first column names each offender; no rows, no finding."""

    kind: Kind = "doubled"
    what: str
    query: str


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
