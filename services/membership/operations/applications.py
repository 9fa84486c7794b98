"""Applications: begin, fill in, hand in, screen, ask, take back. Deciding and consulting have modules of their own."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.orm import Session, selectinload

from services.membership.application_form import FORM
from services.membership.application_words import LAPSED
from services.membership.eligibility import Outcome
from services.membership.model import (
    AlreadyApplying,
    AlreadyMember,
    ApplicationDecision,
    ApplicationEntry,
    ApplicationQuestion,
    Incomplete,
    Member,
    MembershipApplication,
    Organization,
    Prospect,
    UnknownApplication,
)
from services.membership.model import application_questions as questions
from services.membership.model.application_states import OPEN, ApplicationState
from services.membership.model.members import LIVE
from services.membership.operations.announcing import live_member
from services.membership.operations.application_checks import missing
from services.membership.operations.application_letters import put_question
from services.membership.operations.finding import organization_to_change
from services.membership.operations.open_applications import open_application_of
from services.membership.operations.prospects import advance_prospect, open_prospect_of, prospect_to_change
from services.membership.operations.reaching import Address
from shared.contracts.membership import ApplicationSubmitted, Category
from shared.ids import uuid7
from shared.messaging.outbox import publish

StateFilter = ApplicationState | Literal["open"]

AT_ONCE = 100
"""So many applications lapse, and consultations close, in one transaction."""


def application(session: Session, *, application_id: UUID) -> MembershipApplication:
    found = session.get(MembershipApplication, application_id)
    if not found:
        raise UnknownApplication(application_id=application_id)
    return found


def application_to_change(session: Session, *, application_id: UUID) -> MembershipApplication:
    """The application, locked: who comes second waits, and sees what the first one did."""
    lock = {"of": MembershipApplication}
    found = session.get(MembershipApplication, application_id, with_for_update=lock, populate_existing=True)
    if not found:
        raise UnknownApplication(application_id=application_id)
    return found


def applications(
    *,
    state: StateFilter | None = None,
    category: Category | None = None,
    kind: str | None = None,
    country: str | None = None,
    owner: str | None = None,
    owned: bool | None = None,
    organization_id: UUID | None = None,
    due_by: date | None = None,
    ends_by: date | None = None,
) -> Select[MembershipApplication]:
    """Applications that match everything given.

    `due_by`: somebody has to answer by that day. `ends_by`: a limited time that runs, and ends by that day.
    """
    query = select(MembershipApplication)
    row = MembershipApplication
    if state is not None:
        query = query.where(row.state.in_(OPEN) if state == "open" else row.state == state)
    if category is not None:
        query = query.where(row.category == category)
    if kind is not None:
        query = query.where(row.kind == kind)
    if country is not None:
        query = query.where(row.organization.has(Organization.country == country))
    if owner is not None:
        query = query.where(row.owner == owner)
    if owned is not None:
        query = query.where(row.owner.is_not(None) if owned else row.owner.is_(None))
    if organization_id is not None:
        query = query.where(row.organization_id == organization_id)
    if due_by is not None:
        query = query.where(row.due_on <= due_by)
    if ends_by is not None:
        live = select(Member.id).where(Member.standing.in_(LIVE))
        ending = (ApplicationDecision.until <= ends_by) & ApplicationDecision.member_id.in_(live)
        query = query.where(row.decision.has(ending))
    return query


def whole() -> Sequence[Any]:
    """What lists read along, in one query each and not one for each row."""
    row = MembershipApplication
    parts = (row.documents, row.endorsements, row.questions, row.consultations, row.decision)
    return [selectinload(part) for part in parts]


def application_history(session: Session, *, application_id: UUID) -> Select[ApplicationEntry]:
    application(session, application_id=application_id)
    return select(ApplicationEntry).where(ApplicationEntry.application_id == application_id)


def open_application(
    session: Session, *, organization_id: UUID, kind: str, owner: str | None = None, actor: str, now: datetime
) -> MembershipApplication:
    """A draft, joined to the open prospect if there is one.

    Raises:
        OrganizationGone, AlreadyMember: an associate may apply for full membership, and nobody else who is a member.
        AlreadyApplying: when one is open.
    """
    organization = organization_to_change(session, organization_id=organization_id)
    organization.ensure_listed()
    category = FORM.kinds[kind].category
    ensure_may_become(session, organization, category)
    if known := open_application_of(session, organization.id):
        raise AlreadyApplying(name=organization.name, application_id=known)
    prospect = open_prospect_of(session, organization)
    opened = MembershipApplication(id=uuid7(), organization=organization, category=category, kind=kind)
    opened.form_version, opened.prospect_id = FORM.version, prospect.id if prospect else None
    opened.answers, opened.findings = {}, {}
    opened.open(now=now, actor=actor)
    opened.assign(owner, now=now, actor=actor)
    session.add(opened)
    session.flush()
    return opened


def ensure_may_become(session: Session, organization: Organization, category: Category) -> None:
    """Raises: AlreadyMember."""
    member = live_member(session, organization)
    if member and not (member.category == "associate" and category == "full"):
        raise AlreadyMember(name=organization.name)


def update_application(
    session: Session,
    changed: MembershipApplication,
    *,
    answers: Mapping[str, Any] | None = None,
    actor: str,
    now: datetime,
    **given: Any,
) -> MembershipApplication:
    """Take over what is given, also when the rest is not there yet; `owner` None is nobody's."""
    if "kind" in given:
        ensure_may_become(session, changed.organization, changed.form.kinds[given["kind"]].category)
        changed.become(given["kind"], now=now, actor=actor)
    if answers:
        changed.answer(answers, now=now, actor=actor)
    if "owner" in given:
        changed.assign(given["owner"], now=now, actor=actor)
    session.flush()
    return changed


def submit_application(
    session: Session, submitted: MembershipApplication, *, actor: str, now: datetime
) -> MembershipApplication:
    """Hand it in, complete; its prospect has applied by that."""
    submitted.ensure_leads_to("submitted")
    prospect = applying_prospect(session, submitted)
    ensure_may_become(session, submitted.organization, submitted.category)
    submitted.submit(list(missing(submitted)), now=now, actor=actor)
    if prospect:
        submitted.prospect_id = prospect.id
        if prospect.stage not in ("applied", "dormant"):
            advance_prospect(session, prospect, stage="applied", actor=actor, now=now)
    session.flush()
    organization = submitted.organization
    fact = ApplicationSubmitted(
        application_id=submitted.id,
        organization_id=organization.id,
        name=organization.name,
        country=organization.country,
        sectors=tuple(organization.sectors),
        category=submitted.category,
        kind=submitted.kind,
    )
    publish(session, fact, at=now)
    return submitted


def applying_prospect(session: Session, of: MembershipApplication) -> Prospect | None:
    """The open prospect of the applicant, locked with its organization; the organization alone where there is none."""
    organization = organization_to_change(session, organization_id=of.organization_id)
    found = open_prospect_of(session, organization)
    return prospect_to_change(session, prospect_id=found.id) if found else None


def screen_application(
    session: Session, screened: MembershipApplication, *, note: str = "", actor: str, now: datetime
) -> MembershipApplication:
    screened.screen(note, now=now, actor=actor)
    session.flush()
    return screened


def find_application(
    session: Session,
    looked_at: MembershipApplication,
    *,
    rule: str,
    outcome: Outcome,
    reason: str,
    actor: str,
    now: datetime,
) -> MembershipApplication:
    """Record what looking showed of a rule of eligibility."""
    looked_at.find(rule, outcome, reason, now=now, actor=actor)
    session.flush()
    return looked_at


def prepare_application(
    session: Session, prepared: MembershipApplication, *, note: str = "", actor: str, now: datetime
) -> MembershipApplication:
    prepared.prepare(note, now=now, actor=actor)
    session.flush()
    return prepared


def note_application(
    session: Session, noted: MembershipApplication, *, text: str, actor: str, now: datetime
) -> ApplicationEntry:
    """What was said or done; also of one that is closed."""
    noted.record("noted", text=text, now=now, actor=actor)
    session.flush()
    lines = select(ApplicationEntry).where(ApplicationEntry.application_id == noted.id)
    return session.scalars(lines.order_by(ApplicationEntry.id.desc()).limit(1)).one()


def withdraw_application(
    session: Session, withdrawn: MembershipApplication, *, reason: str, actor: str, now: datetime
) -> MembershipApplication:
    """The applicant takes it back; whoever wins it goes on from the proposal."""
    withdrawn.ensure_open()
    prospect = applying_prospect(session, withdrawn)
    withdrawn.withdraw(reason, now=now, actor=actor)
    _propose_again(session, prospect, reason, actor=actor, now=now)
    return withdrawn


def ask_applicant(
    session: Session,
    asked: MembershipApplication,
    *,
    question: str,
    due_on: date,
    address: Address,
    actor: str,
    now: datetime,
) -> ApplicationQuestion:
    """Ask for more; until it is answered the application may be changed."""
    put = questions.ask(asked, question, due_on, now=now, actor=actor)
    put_question(session, asked, occasion="question", address=address, actor=actor, now=now)
    session.flush()
    return put


def answer_question(
    session: Session, answered: MembershipApplication, *, answer: str, actor: str, now: datetime
) -> MembershipApplication:
    """The applicant has answered; what it changed meanwhile has to be whole."""
    if answered.question and (wrong := list(missing(answered))):
        raise Incomplete(wrong)
    questions.answer(answered, answer, now=now, actor=actor)
    session.flush()
    return answered


def lapse_applications(session: Session, *, actor: str, now: datetime) -> Sequence[MembershipApplication]:
    """End those whose question nobody answered, up to AT_ONCE; each once, however many do this at a time."""
    silent = due_for("more_info_requested", now)
    lapsed = session.scalars(silent).all()
    for one in lapsed:
        asked = one.question
        reason = LAPSED.format(due_on=asked.due_on if asked else one.due_on, days=one.form.policy.silence_days)
        prospect = applying_prospect(session, one)
        questions.lapse(one, reason, now=now, actor=actor)
        _propose_again(session, prospect, reason, actor=actor, now=now)
    return lapsed


def due_for(state: ApplicationState, now: datetime) -> Select[MembershipApplication]:
    """Applications in a state whose moment has come, locked; those somebody else has in hand are left to them."""
    row = MembershipApplication
    due = select(row).where(row.state == state, row.due_at <= now).order_by(row.id).limit(AT_ONCE)
    locked = due.with_for_update(of=row, skip_locked=True)
    return locked.execution_options(populate_existing=True)


def _propose_again(session: Session, prospect: Prospect | None, reason: str, *, actor: str, now: datetime) -> None:
    session.flush()
    if prospect and prospect.stage == "applied":
        advance_prospect(session, prospect, stage="proposal", note=reason, actor=actor, now=now)
