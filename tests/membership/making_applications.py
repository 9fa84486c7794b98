"""Applications in whatever state a test needs."""

from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from sqlalchemy.orm import Session

from services.membership import operations
from services.membership.application_form import FORM
from services.membership.file_types import PDF
from services.membership.model import Member, MembershipApplication, Organization
from tests.membership.making import NOW, TODAY, a_member, an_organization

WELL = {
    "line": "Ley 20.337, matrícula 118",
    "text": "Savings and credit of its members",
    "integer": 12,
    "boolean": True,
    "date": "1998-03-14",
    "email": "gerencia@cooperativa.invalid",
}
CLOSES = TODAY + timedelta(days=20)
IDENTIFIED = [{"scheme": "AR-CUIT", "value": "30500120882", "kind": "tax"}]


def answers_of(kind: str, **changes: Any) -> dict[str, Any]:
    """Something right for every question of a kind."""
    given = {
        field.name: next(iter(field.choices)) if field.type == "choice" else WELL[field.type]
        for field in FORM.fields_of(kind)
    }
    later = {"ready_by": str(TODAY + timedelta(days=300))} if "ready_by" in given else {}
    return given | later | changes


def a_draft(
    session: Session, *, kind: str = "primary_cooperative", organization: Organization | None = None, **facts: Any
) -> MembershipApplication:
    applicant = organization or an_organization(session, structure="cooperative", identifiers=IDENTIFIED, **facts)
    return operations.open_application(
        session, organization_id=applicant.id, kind=kind, owner="ana", actor="ana", now=NOW
    )


def complete(session: Session, draft: MembershipApplication, **changes: Any) -> MembershipApplication:
    """Every answer and paper, and a supporter where its kind asks for one."""
    operations.update_application(session, draft, answers=answers_of(draft.kind, **changes), actor="ana", now=NOW)
    for one in FORM.documents_of(draft.kind):
        if one.required:
            add_paper(session, draft, one.kind)
    for number in range(FORM.kinds[draft.kind].endorsements):
        member = a_member(session, name=f"Federación {number}", country="UY")
        operations.add_endorsement(session, draft, member_id=member.id, reference="letter", actor="ana", now=NOW)
    return draft


def add_paper(session: Session, to: MembershipApplication, kind: str, content: bytes = b"", **changes: Any) -> Any:
    about = {
        "name": f"{kind}.pdf",
        "media_type": PDF,
        "size": 10,
        "sha256": sha256(content + kind.encode()).hexdigest(),
    }
    return operations.add_document(session, to, kind=kind, **about | changes, actor="ana", now=NOW)


def submitted(session: Session, **facts: Any) -> MembershipApplication:
    draft = complete(session, a_draft(session, **facts))
    return operations.submit_application(session, draft, actor="ana", now=NOW)


def screening(session: Session, **facts: Any) -> MembershipApplication:
    return operations.screen_application(session, submitted(session, **facts), actor="eva", now=NOW)


def consulting(session: Session, *, members: int = 2, **facts: Any) -> tuple[MembershipApplication, list[Member]]:
    asked = [a_member(session, name=f"Cooperativa {number}", country="AR") for number in range(members)]
    screened = screening(session, **facts)
    operations.consult_members(session, screened, closes_on=CLOSES, address=str, actor="eva", now=NOW)
    return screened, asked


def ready(session: Session, **facts: Any) -> MembershipApplication:
    """Before the Board; nobody in its country is a member."""
    return consulting(session, members=0, **facts)[0]


def decided(
    session: Session, application: MembershipApplication, verdict: str = "approved", now: datetime = NOW, **said: Any
) -> MembershipApplication:
    words = {"decided_on": now.date(), "minutes": "Board, minutes 12/2026", "reason": "", "actor": "berta"} | said
    if verdict == "rejected" and not words["reason"]:
        words["reason"] = "No cooperative practice"
    return operations.decide_application(session, application, verdict=verdict, now=now, **words)
