"""What the membership service says happened."""

from datetime import date
from typing import Literal
from uuid import UUID

from shared.contracts import Event

Category = Literal["full", "associate"]
Standing = Literal["current", "grace", "suspended", "resigned", "terminated"]
Verdict = Literal["approved", "rejected"]
Occasion = Literal["request", "reminder", "question"]
EngagementLevel = Literal["engaged", "watch", "at_risk"]
ConsultationOccasion = Literal["request", "reminder"]
ApplicantOccasion = Literal["invitation", "question", "reminder", "approved", "rejected"]
CreditMeans = Literal["credit_note", "write_off"]
StatisticVerdict = Literal["accepted", "questioned"]


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
    """The standing is another from `effective_on` on than was said before; `rule` is why, empty where it isn't told."""

    previous_standing: Standing
    effective_on: date
    rule: str = ""


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


class StatisticRequested(Event, topic="membership.statistic.requested", subject="statistic_id", visibility="internal"):
    """A member's contact is to be asked for the statistic of a year, reminded of it, or asked about it.

    `link` lets whoever holds it declare without login until the round has closed. `step` counts the reminders and
    the questions of one declaration.
    """

    statistic_id: UUID
    member_id: UUID
    organization_id: UUID
    contact_id: UUID
    name: str
    language: str
    year: int
    occasion: Occasion
    step: int
    due_on: date
    closes_on: date
    link: str
    question: str = ""


class StatisticDeclared(Event, topic="membership.statistic.declared", subject="statistic_id"):
    """A member said how many persons it represented in a year; not yet accepted, and the latest word counts."""

    statistic_id: UUID
    member_id: UUID
    organization_id: UUID
    year: int
    persons: int


class StatisticDecided(Event, topic="membership.statistic.decided", subject="statistic_id"):
    """The secretariat accepted what was last declared of a year, or put a question to it; the latest verdict counts.

    Persons count as represented while they are accepted, those of the latest such year.
    """

    statistic_id: UUID
    member_id: UUID
    organization_id: UUID
    year: int
    persons: int
    verdict: StatisticVerdict


class DuesAssessed(Event, topic="membership.dues.assessed", subject="assessment_id"):
    """What a member owes for a year was recorded: `amount` in minor units of `currency`."""

    assessment_id: UUID
    member_id: UUID
    organization_id: UUID
    year: int
    formula_id: UUID
    amount: int
    currency: str


class OrganizationMerged(Event, topic="membership.organization.merged", subject="organization_id"):
    """The organization was found to be another one, `survivor_id`, which has what it had; its id is used no more."""

    organization_id: UUID
    survivor_id: UUID
    merge_id: UUID
    name: str
    country: str


class OrganizationUnmerged(Event, topic="membership.organization.unmerged", subject="organization_id"):
    """The merge was a mistake: the organization stands by itself again, beside the one it had been merged into."""

    organization_id: UUID
    survivor_id: UUID
    merge_id: UUID


class ProspectAdvanced(Event, topic="membership.prospect.advanced", subject="prospect_id"):
    """A prospect moved to another stage: further, back, to rest, taken up again, or won. Losing has its own event."""

    prospect_id: UUID
    organization_id: UUID
    country: str
    sectors: tuple[str, ...]
    previous_stage: str
    stage: str


class ApplicationSubmitted(Event, topic="membership.application.submitted", subject="application_id"):
    """An organization applied for membership of a category, as one of its kinds."""

    application_id: UUID
    organization_id: UUID
    name: str
    country: str
    sectors: tuple[str, ...]
    category: Category
    kind: str


class ApplicationDecided(Event, topic="membership.application.decided", subject="application_id"):
    """The Board decided on an application; `until` ends an associate's limited time. Its reasons stay inside."""

    application_id: UUID
    organization_id: UUID
    country: str
    sectors: tuple[str, ...]
    category: Category
    kind: str
    verdict: Verdict
    decided_on: date
    member_id: UUID | None
    until: date | None


class DuesInvoiced(Event, topic="membership.dues.invoiced", subject="invoice_id"):
    """An invoice was issued under `number`: `amount` in minor units of `currency`, the last part due on `due_on`.

    `instalment_days` are the days its parts are due, `instalment_amounts` the parts; both empty where it isn't told.
    """

    invoice_id: UUID
    member_id: UUID
    organization_id: UUID
    year: int
    number: str
    issued_on: date
    due_on: date
    amount: int
    currency: str
    instalment_days: tuple[date, ...] = ()
    instalment_amounts: tuple[int, ...] = ()


class DuesPaid(Event, topic="membership.dues.paid", subject="invoice_id"):
    """A payment was put on an invoice, or taken off it again where `amount` is negative; `open` is still owed.

    The money came on `paid_on`; it counts for the invoice from `booked_on` on, None where that isn't told.
    """

    invoice_id: UUID
    member_id: UUID
    organization_id: UUID
    year: int
    payment_id: UUID
    paid_on: date
    amount: int
    open: int
    currency: str
    booked_on: date | None = None


class DuesCredited(Event, topic="membership.dues.credited", subject="invoice_id"):
    """A part of an invoice, or all of it, is not asked for any more: credited or written off; `open` is still owed.

    It counts from `booked_on` on, None where that isn't told.
    """

    invoice_id: UUID
    member_id: UUID
    organization_id: UUID
    year: int
    means: CreditMeans
    number: str
    amount: int
    open: int
    currency: str
    booked_on: date | None = None


class DuesOverdue(Event, topic="membership.dues.overdue", subject="invoice_id"):
    """An instalment was not paid in full by the day it was due; `open` of it is owed."""

    invoice_id: UUID
    member_id: UUID
    organization_id: UUID
    year: int
    number: str
    instalment: int
    due_on: date
    open: int
    currency: str


class DuesReminded(Event, topic="membership.dues.reminded", subject="invoice_id", visibility="internal"):
    """A member's contact is to be reminded of an instalment: `days` after it was due, before where negative.

    `open` is owed of the instalment; of one invoice, instalment and `days` it is said once. `level` counts the
    reminders of the instalment after it was due, this one included.
    """

    invoice_id: UUID
    member_id: UUID
    organization_id: UUID
    contact_id: UUID
    name: str
    language: str
    year: int
    number: str
    instalment: int
    due_on: date
    days: int
    open: int
    currency: str
    level: int = 0


class InvoiceSent(Event, topic="membership.invoice.sent", subject="invoice_id", visibility="internal"):
    """A member's contact is to be sent an issued invoice: `amount`, payable in `parts`, the last one due on `due_on`.

    `link` opens its document without login. Sent again, it is another `sending_id`.
    """

    sending_id: UUID
    invoice_id: UUID
    member_id: UUID
    organization_id: UUID
    contact_id: UUID
    name: str
    language: str
    year: int
    number: str
    due_on: date
    amount: int
    currency: str
    parts: int
    link: str


class MemberConsentChanged(Event, topic="membership.member.consent_changed", subject="member_id"):
    """What a member agrees to show in the public directory is another: `shows` are all groups of fields, maybe none."""

    member_id: UUID
    organization_id: UUID
    shows: tuple[str, ...]


class EngagementChanged(Event, topic="membership.engagement.changed", subject="member_id", visibility="internal"):
    """Of a day that is over: a member is nearer or drifts away. `reasons` are kinds, the heaviest first.

    `suggested` is what the secretariat could do, empty where it needs to do nothing.
    """

    member_id: UUID
    organization_id: UUID
    previous_level: EngagementLevel
    level: EngagementLevel
    effective_on: date
    risk: int
    reasons: tuple[str, ...]
    suggested: str = ""


class RetentionActionTaken(
    Event, topic="membership.retention.action_taken", subject="action_id", visibility="internal"
):
    """Something was done to keep a member near; what was written of it stays inside."""

    action_id: UUID
    member_id: UUID
    organization_id: UUID
    kind: str
    done_on: date


class OpinionRequested(Event, topic="membership.opinion.requested", subject="opinion_id", visibility="internal"):
    """A member's contact is to be asked what its organization says to an applicant of its country, or reminded of it.

    `link` lets whoever holds it answer without login until `closes_on` is over. Of one opinion and occasion it is said
    once.
    """

    opinion_id: UUID
    application_id: UUID
    member_id: UUID
    organization_id: UUID
    contact_id: UUID
    name: str
    language: str
    applicant: str
    country: str
    category: Category
    occasion: ConsultationOccasion
    closes_on: date
    link: str


class ApplicantNotified(Event, topic="membership.applicant.notified", subject="application_id", visibility="internal"):
    """An applicant's contact is to be invited, asked, reminded of that, or told what the Board decided and why.

    `link` opens the application's own form without login until `ends_on`. `due_on` is when a question is to be
    answered, `term_ends_on` the end of an associate's limited time. Of one application, occasion and `step` it is said
    once.
    """

    application_id: UUID
    organization_id: UUID
    contact_id: UUID
    name: str
    language: str
    category: Category
    occasion: ApplicantOccasion
    step: int
    question: str = ""
    due_on: date | None = None
    ends_on: date | None = None
    decided_on: date | None = None
    reason: str = ""
    conditions: str = ""
    term_ends_on: date | None = None
    link: str = ""


EVENTS: tuple[type[Event], ...] = (
    MemberAdmitted,
    MemberUpdated,
    MemberStandingChanged,
    ProspectOpened,
    ProspectLost,
    ContactChanged,
    RegistryImported,
    StatisticRequested,
    StatisticDeclared,
    StatisticDecided,
    DuesAssessed,
    OrganizationMerged,
    OrganizationUnmerged,
    ProspectAdvanced,
    ApplicationSubmitted,
    ApplicationDecided,
    DuesInvoiced,
    DuesPaid,
    DuesCredited,
    DuesOverdue,
    DuesReminded,
    InvoiceSent,
    MemberConsentChanged,
    EngagementChanged,
    RetentionActionTaken,
    OpinionRequested,
    ApplicantNotified,
)
