"""What an application still needs, and how it stands with the rules of eligibility."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from services.membership.application_form import day_of
from services.membership.eligibility import Check, Subject, check
from services.membership.model import MembershipApplication
from services.membership.operations.standing import policies
from services.membership.policy import in_force, months_after
from shared.errors import Wrong


def missing(of: MembershipApplication) -> Iterator[Wrong]:
    """Answers, documents and endorsements it needs and has not."""
    documents = {one.kind for one in of.current_documents}
    return of.form.missing(of.kind, of.answers, documents, _supporters(of))


def eligibility(session: Session, of: MembershipApplication, *, until: date | None = None, on: date) -> list[Check]:
    """The rules as they stand for it on a day; `until` is the end of its time where that is settled."""
    return check(subject_of(of, until=until, longest=longest_term(session, on)))


def eligibility_as_told(session: Session, of: MembershipApplication, *, on: date) -> list[Check]:
    """The same by what the applicant itself has told: what staff found by looking is the secretariat's."""
    return check(replace(subject_of(of, until=None, longest=longest_term(session, on)), findings={}))


def longest_term(session: Session, on: date) -> date:
    """The last day a limited time that begins on a day may end, by the policy in force then."""
    return months_after(on, in_force(policies(session), on).temporary_months)


def subject_of(of: MembershipApplication, *, until: date | None, longest: date) -> Subject:
    """What the rules look at."""
    kind, organization = of.form.kinds[of.kind], of.organization
    known: dict[str, Any] = {
        "structure": organization.structure,
        "degree": organization.degree,
        "gone": organization.gone_at is not None,
        "has_identifier": any(one.valid and one.kind in ("tax", "registration") for one in organization.identifiers),
    }
    return Subject(
        category=of.category,
        kind=of.kind,
        structures=kind.structures,
        degrees=kind.degrees,
        answers=of.answers,
        documents=frozenset(one.kind for one in of.current_documents),
        endorsements=_supporters(of),
        endorsements_needed=kind.endorsements,
        temporary_until=until or day_of(of.answers.get("ready_by")),
        longest_until=longest,
        findings={rule: (found["outcome"], found["reason"]) for rule, found in of.findings.items()},  # type: ignore[misc] # the schema lets outcomes in only
        **known,
    )


def _supporters(of: MembershipApplication) -> int:
    return sum(one.counts for one in of.endorsements)
