"""Applications as callers get them: with what comes next, what is missing and why, in their language."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from typing import Any

from services.membership import operations, schemas
from services.membership.application_form import FORM, Form
from services.membership.application_words import NEXT, explain_check
from services.membership.eligibility import Check
from services.membership.model import ApplicationEntry, MembershipApplication
from services.membership.model.application_states import EDITABLE, SCHEDULE
from shared.http.call import Call
from shared.http.problems import say_wrong
from shared.i18n import Language, gettext


class Shown:
    """An application beside what is told of it; what is not here is its own."""

    def __init__(self, application: MembershipApplication, **told: Any) -> None:
        self._application = application
        vars(self).update(told)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._application, name)


def summaries(call: Call, applications: Sequence[MembershipApplication]) -> list[Shown]:
    """As lists show them; the caller has read along what belongs to them."""
    return [Shown(one, **_told(call, one)) for one in applications]


def shown(call: Call, application: MembershipApplication) -> Shown:
    """Whole."""
    call.session.flush()
    counts = operations.opinion_counts(call.session, [one.id for one in application.consultations])
    names = [name for name in schemas.ConsultationResponse().fields if name != "counts"]
    consultations = [
        {**{name: getattr(one, name) for name in names}, "counts": counts[one.id]} for one in application.consultations
    ]
    return Shown(
        application,
        **_told(call, application),
        consultations=consultations,
        decision=_decision(application, call.language),
    )


def _told(call: Call, one: MembershipApplication) -> dict[str, Any]:
    missing = operations.missing(one) if one.state in EDITABLE else ()
    return {
        "age_days": max((call.now - one.opened_at).days, 0),
        "days_in_state": max((call.now - one.state_since).days, 0),
        "next_action": gettext(call.language, NEXT[one.state]),
        "missing": [say_wrong(each, call.language) for each in missing],
        "until": one.decision.until if one.decision else None,
    }


def _decision(one: MembershipApplication, language: Language) -> dict[str, Any] | None:
    made = one.decision
    if not made:
        return None
    names = [name for name in schemas.ApplicationDecisionResponse().fields if name != "checks"]
    checks = [explain_check(each, language) for each in made.checks]
    return {**{name: getattr(made, name) for name in names}, "checks": checks}


def shown_lines(lines: Sequence[ApplicationEntry], language: Language) -> list[dict[str, Any]]:
    """The history; what the schedule says is in `language`, what people wrote as they wrote it."""
    names = list(schemas.ApplicationEntryResponse().fields)
    own = [{name: getattr(one, name) for name in names} for one in lines]
    return [{**one, "text": gettext(language, one["text"])} if one["by"] == SCHEDULE else one for one in own]


def shown_checks(call: Call, checked: MembershipApplication) -> dict[str, Any]:
    """The rules as they stand now."""
    today = call.now.date()
    return explained(operations.eligibility(call.session, checked, on=today), today, call.language)


def explained(found: Sequence[Check], on: date, language: Language) -> dict[str, Any]:
    """The rules of a day, each with a sentence."""
    return {"on": on, "checks": [explain_check(asdict(one), language) for one in found]}


def shown_kinds(language: Language) -> dict[str, Any]:
    """Every kind of applicant."""
    kinds = [
        {"kind": code, "label": gettext(language, kind.label), "category": kind.category}
        for code, kind in FORM.kinds.items()
    ]
    return {"kinds": kinds}


def shown_form(code: str, language: Language, form: Form = FORM) -> dict[str, Any]:
    """The form of one kind."""
    kind = form.kinds[code]
    return {
        "form_version": form.version,
        "kind": code,
        "label": gettext(language, kind.label),
        "category": kind.category,
        "fields": [
            {
                "name": one.name,
                "label": gettext(language, one.label),
                "type": one.type,
                "required": one.required,
                "choices": [
                    {"value": value, "label": gettext(language, label)} for value, label in one.choices.items()
                ],
            }
            for one in form.fields_of(code)
        ],
        "documents": [
            {"kind": one.kind, "label": gettext(language, one.label), "required": one.required}
            for one in form.documents_of(code)
        ],
        "endorsements": kind.endorsements,
    }
