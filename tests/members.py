"""Members as the membership service tells of them."""

from datetime import UTC, date, datetime
from typing import Any, TypeVar
from uuid import UUID, uuid4

from shared.contracts import Event
from shared.contracts.membership import ContactChanged, MemberAdmitted, MemberStandingChanged
from shared.messaging.wire import Delivery
from shared.tracing import Trace

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)

E = TypeVar("E", bound=Event)


def an_admission(**changes: Any) -> MemberAdmitted:
    values: dict[str, Any] = {
        "member_id": uuid4(),
        "organization_id": uuid4(),
        "name": "Cooperativa La Unión",
        "country": "AR",
        "sectors": ("agriculture", "housing"),
        "category": "full",
        "standing": "current",
        "language": "es",
        "admitted_on": date(2026, 5, 4),
    }
    return MemberAdmitted(**values | changes)


def a_new_standing(admission: MemberAdmitted, standing: str) -> MemberStandingChanged:
    state = {name: value for name, value in vars(admission).items() if name != "admitted_on"}
    previous = state.pop("standing")
    return MemberStandingChanged(**state, standing=standing, previous_standing=previous, effective_on=date(2026, 6, 1))


def a_contact(organization_id: UUID, **changes: Any) -> ContactChanged:
    values: dict[str, Any] = {
        "contact_id": uuid4(),
        "organization_id": organization_id,
        "role": "presidency",
        "name": "Presidencia",
        "email": "presidencia@union.invalid",
        "language": "es",
    }
    return ContactChanged(**values | changes)


def delivered(event: E, *, version: int = 1, time: datetime = NOW) -> Delivery[E]:
    trace = Trace(correlation_id="one-request")
    return Delivery(event=event, id=uuid4(), subject=event.subject, subject_version=version, time=time, trace=trace)
