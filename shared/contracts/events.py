"""What the events service says happened."""

from datetime import date
from typing import Literal
from uuid import UUID

from shared.contracts import Event

PriceTier = Literal["member", "standard"]


class GatheringAnnounced(Event, topic="events.gathering.announced", subject="gathering_id"):
    """A mission, summit, forum or exchange is open for registration."""

    gathering_id: UUID
    name: str
    kind: str
    country: str
    starts_on: date
    ends_on: date


class RegistrationConfirmed(Event, topic="events.registration.confirmed", subject="registration_id"):
    """A place is taken, at the price promised then: `amount` in minor units of `currency`."""

    registration_id: UUID
    gathering_id: UUID
    member_id: UUID | None
    tier: PriceTier
    amount: int
    currency: str


class LeadCaptured(Event, topic="events.lead.captured", subject="lead_id"):
    """An organization showed interest at a gathering. Without `organization_id`, name and country are as it gave them.

    `gathering` is the gathering's name. Who spoke for the organization, and what was noted of it, stays with events.
    """

    lead_id: UUID
    gathering_id: UUID
    gathering: str
    gathering_kind: str
    organization_id: UUID | None
    name: str
    country: str
    interest: str


EVENTS: tuple[type[Event], ...] = (GatheringAnnounced, RegistrationConfirmed, LeadCaptured)
