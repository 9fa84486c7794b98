"""What the membership service says happened."""

from datetime import date
from typing import Literal
from uuid import UUID

from shared.contracts import Event

Category = Literal["full", "associate"]
Standing = Literal["current", "grace", "suspended", "resigned", "terminated"]


class MemberState(Event):
    """The public state of a member, whole in each event, so that the latest alone is enough."""

    member_id: UUID
    organization_id: UUID
    name: str
    country: str
    sectors: tuple[str, ...]
    category: Category
    standing: Standing
    language: str


class MemberAdmitted(MemberState, topic="membership.member.admitted", subject="member_id"):
    """The Board admitted an organization."""

    admitted_on: date


class MemberUpdated(MemberState, topic="membership.member.updated", subject="member_id"):
    """Something of the public state changed that is neither admission nor standing."""


class MemberStandingChanged(MemberState, topic="membership.member.standing_changed", subject="member_id"):
    """The standing is another from `effective_on` on."""

    previous_standing: Standing
    effective_on: date


class ProspectOpened(Event, topic="membership.prospect.opened", subject="prospect_id"):
    """An organization is being won."""

    prospect_id: UUID
    organization_id: UUID
    name: str
    country: str
    sectors: tuple[str, ...]
    source: str


class ProspectLost(Event, topic="membership.prospect.lost", subject="prospect_id"):
    """Nobody tries to win the organization any more."""

    prospect_id: UUID
    organization_id: UUID
    country: str
    sectors: tuple[str, ...]


class ContactChanged(Event, topic="membership.contact.changed", subject="contact_id", visibility="internal"):
    """How to reach a person who acts for an organization; `removed` when nobody should write there any more."""

    contact_id: UUID
    organization_id: UUID
    role: str
    name: str
    email: str
    language: str
    removed: bool = False


class RegistryImported(Event, topic="membership.registry.imported", subject="import_id"):
    """A registry's file was taken in; one summary, whatever its size."""

    import_id: UUID
    registry: str
    rows: int
    created: int
    updated: int
    unchanged: int
    in_review: int
    rejected: int
    gone: int


class ProspectAdvanced(Event, topic="membership.prospect.advanced", subject="prospect_id"):
    """A prospect moved to another stage: further, back, to rest, taken up again, or won. Losing has its own event."""

    prospect_id: UUID
    organization_id: UUID
    country: str
    sectors: tuple[str, ...]
    previous_stage: str
    stage: str


EVENTS: tuple[type[Event], ...] = (
    MemberAdmitted,
    MemberUpdated,
    MemberStandingChanged,
    ProspectOpened,
    ProspectLost,
    ContactChanged,
    RegistryImported,
    ProspectAdvanced,
)
