"""What the funding service says happened."""

from uuid import UUID

from shared.contracts import Event


class AwardMade(Event, topic="funding.award.made", subject="award_id"):
    """A member was offered an award of `amount` minor units of `currency`, and has not answered yet.

    `organization_id` is the member's organization when the award was proposed.
    """

    award_id: UUID
    member_id: UUID
    organization_id: UUID
    title: str
    amount: int
    currency: str


class AwardAccepted(Event, topic="funding.award.accepted", subject="award_id"):
    """The member takes the award it was offered."""

    award_id: UUID
    member_id: UUID
    organization_id: UUID
    title: str
    amount: int
    currency: str


class AwardDeclined(Event, topic="funding.award.declined", subject="award_id"):
    """The member does not take the award it was offered; why stays with funding."""

    award_id: UUID
    member_id: UUID
    organization_id: UUID
    title: str
    amount: int
    currency: str


EVENTS: tuple[type[Event], ...] = (AwardMade, AwardAccepted, AwardDeclined)
