"""The Board's decision on an application, and what follows from it."""

from datetime import date, datetime

from sqlalchemy.orm import Session

from services.membership.application_form import day_of
from services.membership.facts import Kind
from services.membership.model import Member, MembershipApplication, Prospect
from services.membership.model import application_decisions as decisions
from services.membership.operations.announcing import live_member
from services.membership.operations.application_checks import eligibility, longest_term
from services.membership.operations.application_letters import applicant_contact, write_to_applicant
from services.membership.operations.applications import applying_prospect, ensure_may_become
from services.membership.operations.facts import decide
from services.membership.operations.members import admit, close_as_won
from services.membership.operations.prospects import lose_prospect
from shared.contracts.membership import ApplicationDecided, Verdict
from shared.messaging.outbox import publish


def decide_application(
    session: Session,
    decided: MembershipApplication,
    *,
    verdict: Verdict,
    decided_on: date,
    minutes: str,
    reason: str = "",
    conditions: str = "",
    despite: str = "",
    until: date | None = None,
    actor: str,
    now: datetime,
) -> MembershipApplication:
    """Record what the Board decided on a day; whom it approves is a member of the category from that day on.

    A limited time ends on the day the application names, unless `until` says another. An associate that becomes a
    full member is an associate until that day. The prospect is won or lost with it.
    """
    decided.ensure_leads_to(verdict)
    decisions.ensure_decider(decided, actor)
    prospect = applying_prospect(session, decided)
    if verdict == "approved" and decided.form.kinds[decided.kind].temporary:
        until = until or day_of(decided.answers.get("ready_by"))
    made = decisions.decide(
        decided,
        verdict,
        decided_on=decided_on,
        minutes=minutes,
        reason=reason,
        conditions=conditions,
        despite=despite,
        until=until,
        longest=longest_term(session, decided_on),
        checks=eligibility(session, decided, until=until, on=decided_on),
        now=now,
        actor=actor,
    )
    if verdict == "approved":
        member = _admit(session, decided, prospect, made, now=now)
        made.member_id = member.id
    elif prospect:
        lose_prospect(session, prospect, reason=reason, code="not_eligible", actor=actor, now=now)
    decided.decision = made
    session.flush()
    publish(session, _fact(decided, made), at=now)
    _tell_applicant(session, decided, made, now=now)
    return decided


def _tell_applicant(
    session: Session, of: MembershipApplication, made: decisions.ApplicationDecision, *, now: datetime
) -> None:
    write_to_applicant(
        session,
        of,
        applicant_contact(session, of),
        occasion=made.verdict,
        actor=made.decided_by,
        now=now,
        decided_on=made.decided_on,
        reason=made.reason,
        conditions=made.conditions,
        term_ends_on=made.until,
    )
    session.flush()


def _admit(
    session: Session,
    of: MembershipApplication,
    prospect: Prospect | None,
    made: decisions.ApplicationDecision,
    *,
    now: datetime,
) -> Member:
    organization, said = of.organization, _words(made)
    ensure_may_become(session, organization, of.category)
    if associate := live_member(session, organization):
        _record(session, associate, "terminated", made, now=now)
    left = prospect.admit(now=now, actor=made.decided_by) if prospect else None
    member = admit(
        session,
        organization,
        category=of.category,
        reason=said,
        owner=prospect.owner if prospect else None,
        admitted_on=made.decided_on,
        actor=made.decided_by,
        now=now,
    )
    if prospect and left:
        close_as_won(session, prospect, member, left, at=now)
    if made.until:
        _record(session, member, "temporary", made, now=now)
    return member


def _record(
    session: Session, member: Member, kind: Kind, made: decisions.ApplicationDecision, *, now: datetime
) -> None:
    decide(
        session,
        member,
        kind=kind,
        effective_on=made.decided_on,
        until=made.until,
        reason=_words(made),
        reference=made.minutes,
        actor=made.decided_by,
        now=now,
    )


def _words(made: decisions.ApplicationDecision) -> str:
    """The reason as it stands in the member's own history."""
    return " ".join(part for part in (f"{made.minutes}.", made.reason, made.conditions) if part)


def _fact(of: MembershipApplication, made: decisions.ApplicationDecision) -> ApplicationDecided:
    return ApplicationDecided(
        application_id=of.id,
        organization_id=of.organization_id,
        country=of.organization.country,
        sectors=tuple(of.organization.sectors),
        category=of.category,
        kind=of.kind,
        verdict=made.verdict,
        decided_on=made.decided_on,
        member_id=made.member_id,
        until=made.until,
    )
