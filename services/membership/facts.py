"""What is recorded of a member, as the function of standing reads it."""

from datetime import date, datetime
from typing import Literal, NamedTuple
from uuid import UUID

from services.membership.policy import Policy, days_after, months_after

Kind = Literal[
    "admitted",
    "temporary",
    "dues_due",
    "dues_settled",
    "suspended",
    "reinstated",
    "resigned",
    "resignation_withdrawn",
    "terminated",
    "expelled",
    "succeeded",
    "voided",
]
"""What can be recorded of a member. `resigned` is the notice, `succeeded` the merger or split that ended it."""


class Fact(NamedTuple):
    """What is recorded of a member; see services/membership/model/facts.py for the record itself.

    `period` names the dues, `until` is the first day on which somebody who leaves, or whose term ends, is no member,
    `voids` the fact that was wrong.
    """

    id: UUID
    kind: Kind
    effective_on: date
    recorded_at: datetime
    period: str = ""
    until: date | None = None
    voids: UUID | None = None


class Debt(NamedTuple):
    """Dues of one period: late from the day after they fell due until they are settled, or forgiven for standing."""

    due: Fact
    closed_on: date
    policy: Policy

    @property
    def late_on(self) -> date:
        return days_after(self.due.effective_on, 1)

    @property
    def suspended_on(self) -> date:
        return days_after(self.due.effective_on, self.policy.grace_days + 1)

    @property
    def vote_rests_on(self) -> date:
        """The suspension costs the vote at the latest."""
        days = self.policy.vote_rests_after_days
        return self.suspended_on if days is None else days_after(self.due.effective_on, days + 1)

    @property
    def proposed_on(self) -> date:
        proposed = months_after(self.due.effective_on, self.policy.termination_proposed_after_months)
        return max(proposed, self.suspended_on)

    @property
    def lapsed_on(self) -> date | None:
        """None where arrears end no membership, or where it was settled by then."""
        months = self.policy.termination_after_months
        day = None if months is None else months_after(self.due.effective_on, months)
        return day if day and day < self.closed_on else None

    def is_open(self, on: date) -> bool:
        return self.late_on <= on < self.closed_on
