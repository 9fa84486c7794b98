"""The states of an application, where each leads, and what is refused on the way."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Literal, get_args

from shared.errors import Conflict, Forbidden, NotFound, Rejected, SeveralWrong

ApplicationState = Literal[
    "draft",
    "submitted",
    "screening",
    "more_info_requested",
    "consultation",
    "ready_for_decision",
    "approved",
    "rejected",
    "withdrawn",
    "lapsed",
]

STATES: tuple[ApplicationState, ...] = get_args(ApplicationState)

OPEN: tuple[ApplicationState, ...] = STATES[:6]
"""States of an application that has not ended, in their order; an organization has at most one such."""

EDITABLE: tuple[ApplicationState, ...] = ("draft", "more_info_requested")
"""States in which the applicant's own words and papers may change."""

NEXT: dict[ApplicationState, frozenset[ApplicationState]] = {
    "draft": frozenset({"submitted", "withdrawn"}),
    "submitted": frozenset({"screening", "withdrawn"}),
    "screening": frozenset({"more_info_requested", "consultation", "ready_for_decision", "withdrawn"}),
    "more_info_requested": frozenset({"screening", "lapsed", "withdrawn"}),
    "consultation": frozenset({"ready_for_decision", "withdrawn"}),
    "ready_for_decision": frozenset({"approved", "rejected", "screening", "withdrawn"}),
    "approved": frozenset(),
    "rejected": frozenset(),
    "withdrawn": frozenset(),
    "lapsed": frozenset(),
}
"""Where each state leads."""

SCHEDULE = "system"
"""The subject of whatever time alone has brought."""

_LINK = "link/"
"""How the subject of whoever holds a link begins."""


def is_person(actor: str) -> bool:
    """Whether somebody stands behind a subject who might decide: neither a link nor the schedule."""
    return actor != SCHEDULE and not actor.startswith(_LINK)


class UnknownApplication(NotFound):
    message = "There is no application {application_id}."


class AlreadyApplying(Conflict):
    message = "{name} has an open application: {application_id}."
    shown = ("application_id",)


class ApplicationUnderWay(Conflict):
    message = "{name} has an open application; it is admitted by the decision on that, or once it is withdrawn."


class ApplicationClosed(Conflict):
    message = "The application is closed: {state}."


class StateNotAllowed(Conflict):
    message = "An application that is {state} cannot become {wanted}. Possible now: {possible}."


class NotEditable(Conflict):
    message = "An application that is {state} is not changed; ask the applicant for more information to open it again."


class AnswersWrong(SeveralWrong):
    message = "Some answers are not what the form asks; see errors."


class Incomplete(SeveralWrong):
    message = "The application is not complete; see errors for what is missing."


class TooEarlyToFind(Conflict):
    message = "Nobody has begun to screen the application."


class NotConsulted(Conflict):
    message = "The members of its country have not been consulted yet; open a consultation, and wait until it closes."


class MakerDecides(Forbidden):
    message = "Who worked on an application does not decide it; somebody else records the decision."


class DecidedInFuture(Rejected):
    message = "The Board cannot have decided on {decided_on}, which has not come."


class DecidedTooEarly(Rejected):
    message = "The Board cannot have decided on {decided_on}, before the application was submitted on {submitted_on}."


class NotEligible(Rejected):
    message = "Not every rule is met: {rules}. Say as despite why the Board admits it all the same."


class RejectionUnexplained(Rejected):
    message = "A rejection says why."


class TermMissing(Rejected):
    message = "An associate for a limited time needs the day on which the time ends."


class TermNotAsked(Rejected):
    message = "Only an associate for a limited time has a day on which the time ends."


class TermTooLong(Rejected):
    message = "The time may end on {longest} at the latest, not on {until}."


class TermOver(Rejected):
    message = "The time has to end after the decision of {decided_on}, not on {until}."


def end_of(day: date) -> datetime:
    """The moment at which the day has ended everywhere on earth (UTC-12)."""
    return datetime.combine(day + timedelta(days=1), time(12), UTC)
