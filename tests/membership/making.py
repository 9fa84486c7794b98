"""Organizations, prospects and members for tests."""

from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy.orm import Session

from services.membership import operations
from services.membership.model import Member, Organization, Prospect

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
TODAY = NOW.date()


def an_organization(session: Session, **changes: Any) -> Organization:
    facts: dict[str, Any] = {
        "name": "Cooperativa La Unión Ltda.",
        "country": "AR",
        "subdivision": "Córdoba",
        "locality": "Río Cuarto",
        "sectors": ["agriculture"],
    }
    return operations.add_organization(session, **facts | changes, now=NOW)


def a_prospect(session: Session, **changes: Any) -> Prospect:
    organization = an_organization(session, **changes)
    return operations.open_prospect(session, organization_id=organization.id, source="congress", actor="ana", now=NOW)


def a_member(session: Session, *, admitted_on: date = TODAY, **changes: Any) -> Member:
    return operations.admit_prospect(
        session,
        a_prospect(session, **changes),
        category="full",
        reason="Board decision 12/2026",
        admitted_on=admitted_on,
        actor="ana",
        now=NOW,
    )
