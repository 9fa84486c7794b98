"""Interest shown at a gathering is captured once, told of without personal data, and kept."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy.orm import Session

from services.events import operations
from services.events.model import Lead
from shared.contracts.events import LeadCaptured
from shared.messaging.outbox import published
from tests.events.gatherings import a_gathering
from tests.members import NOW, an_admission, delivered


def captured(session: Session, gathering_id: UUID, **changes: Any) -> Lead:
    facts: dict[str, Any] = {"name": "Cooperativa Uno", "country": "UY", "interest": "membership"}
    facts |= {"note": "spoke with its manager", **changes}
    return operations.capture_lead(session, gathering_id=gathering_id, **facts, actor="ana", now=NOW)


def test_a_lead_is_told_without_who_spoke(session: Session) -> None:
    gathering = operations.announce_gathering(session, **a_gathering())
    lead = captured(session, gathering.id)
    assert published(session)[1:] == [
        LeadCaptured(
            lead_id=lead.id,
            gathering_id=gathering.id,
            gathering="Cumbre de cooperativas",
            gathering_kind="summit",
            organization_id=None,
            name="Cooperativa Uno",
            country="UY",
            interest="membership",
        )
    ]
    kept = operations.lead(session, lead_id=lead.id)
    assert (kept.note, kept.captured_by) == ("spoke with its manager", "ana")


def test_the_same_interest_of_the_same_organization_is_one_lead(session: Session) -> None:
    here, there = (operations.announce_gathering(session, **a_gathering()).id for _ in range(2))
    first = captured(session, here)
    assert captured(session, here, name=" cooperativa  UNO ", note="again").id == first.id
    others = [
        captured(session, there),
        captured(session, here, interest="trade"),
        captured(session, here, country="PY"),
    ]
    assert len({first.id, *(lead.id for lead in others)}) == 4
    assert len([fact for fact in published(session) if isinstance(fact, LeadCaptured)]) == 4


def test_a_members_lead_carries_its_name(session: Session) -> None:
    member = an_admission()
    operations.keep_members(session, [delivered(member)])
    gathering = operations.announce_gathering(session, **a_gathering()).id
    lead = captured(session, gathering, organization_id=member.organization_id, name="", country="")
    assert (lead.name, lead.country) == (member.name, "AR")


def test_leads_of_unknown_gatherings_are_refused(session: Session) -> None:
    with pytest.raises(operations.UnknownGathering):
        captured(session, uuid4())
    with pytest.raises(operations.UnknownGathering):
        operations.leads(session, gathering_id=uuid4())
    with pytest.raises(operations.UnknownLead):
        operations.lead(session, lead_id=uuid4())
