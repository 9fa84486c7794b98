"""What the Alliance asks of full and associate members, as checks that each say what they found and why.

The rules: ica.coop, who can be a member; aciamericas.coop, how to be a member and (associates) its older page.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

from shared.contracts.membership import Category

Outcome = Literal["passed", "failed", "unknown"]


@dataclass(frozen=True, kw_only=True)
class Subject:
    """What is known of an applicant; answers are its own words, the rest is what the register and the staff know.

    `structures` and `degrees` are those its kind may have, any where empty.
    """

    category: Category
    kind: str
    structure: str = ""
    degree: str = ""
    structures: tuple[str, ...] = ()
    degrees: tuple[str, ...] = ()
    has_identifier: bool = False
    gone: bool = False
    answers: Mapping[str, Any] = field(default_factory=dict)
    documents: frozenset[str] = frozenset()
    endorsements: int = 0
    endorsements_needed: int = 0
    temporary_until: date | None = None
    longest_until: date | None = None
    findings: Mapping[str, tuple[Outcome, str]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Check:
    """A rule, and what of it is known: `code` is why, in one word, and `params` fill its sentence."""

    rule: str
    outcome: Outcome
    code: str
    params: dict[str, Any] = field(default_factory=dict)


Found = tuple[Outcome, str, dict[str, Any]]


def check(subject: Subject) -> list[Check]:
    """Every rule for the subject's category and kind, in a fixed order.

    What staff found by looking (`findings`) stands in place of what follows from the papers.
    """
    return [_checked(subject, rule, judge) for rule, judge in _rules(subject)]


def _rules(subject: Subject) -> Iterator[tuple[str, Callable[[Subject], Found]]]:
    yield from COMMON.items()
    yield "kind", _kind
    if subject.category == "full":
        yield "persons_represented", _persons
    if subject.kind in _OF_KIND:
        rule, judge = _OF_KIND[subject.kind]
        yield rule, judge
    if subject.kind == "supranational":
        yield "several_countries", _countries
    if subject.endorsements_needed:
        yield "endorsement", _endorsement


def _checked(subject: Subject, rule: str, judge: Callable[[Subject], Found]) -> Check:
    if rule in subject.findings:
        outcome, reason = subject.findings[rule]
        return Check(rule=rule, outcome=outcome, code="found_by_staff", params={"reason": reason})
    outcome, code, params = judge(subject)
    return Check(rule=rule, outcome=outcome, code=code, params=params)


def _says(subject: Subject, *names: str) -> bool:
    """All of these are answered in words; blanks say nothing."""
    return all(str(subject.answers.get(name) or "").strip() for name in names)


def _legal_personality(subject: Subject) -> Found:
    said = subject.answers.get("legal_personality")
    if said is False:
        return "failed", "no_legal_personality", {}
    if said is None:
        return "unknown", "not_answered", {}
    if "legal_proof" not in subject.documents:
        return "unknown", "legal_personality_not_proven", {}
    return "passed", "legal_personality_proven", {}


def _constituted(subject: Subject) -> Found:
    if subject.gone:
        return "failed", "gone_from_register", {}
    if subject.has_identifier:
        return "passed", "has_identifier", {}
    if _says(subject, "constituted_under") and "bylaws" in subject.documents:
        return "unknown", "constituted_by_own_words", {}
    return "unknown", "not_answered", {}


def _declared(name: str) -> Callable[[Subject], Found]:
    def judge(subject: Subject) -> Found:
        said = subject.answers.get(name)
        if said is None:
            return "unknown", "not_answered", {}
        return ("passed", f"{name}_declared", {}) if said else ("failed", f"{name}_denied", {})

    return judge


def _kind(subject: Subject) -> Found:
    if not subject.structures and not subject.degrees:
        return "passed", "kind_of_any_structure", {}
    if not subject.structure and not subject.degree:
        return "unknown", "structure_unknown", {}
    fits = subject.structure in subject.structures or subject.degree in subject.degrees
    params = {"structure": subject.structure, "degree": subject.degree}
    return ("passed", "structure_fits", params) if fits else ("failed", "structure_differs", params)


def _persons(subject: Subject) -> Found:
    persons = subject.answers.get("persons_represented")
    if persons is None:
        return "unknown", "not_answered", {}
    params = {"persons": persons}
    return ("passed", "persons_declared", params) if persons else ("failed", "no_persons", params)


def _operates(subject: Subject) -> Found:
    if not _says(subject, "form_obstacle", "cooperative_practice"):
        return "unknown", "not_answered", {}
    return "unknown", "practice_by_own_words", {}


def _made_of_cooperatives(subject: Subject) -> Found:
    whole, part = subject.answers.get("societies"), subject.answers.get("cooperative_societies")
    if whole is None or part is None:
        return "unknown", "not_answered", {}
    params = {"part": part, "whole": whole}
    if part > whole:
        return "failed", "societies_contradict", params
    if part * 2 <= whole:
        return "failed", "few_cooperatives", params
    if "member_list" not in subject.documents:
        return "unknown", "societies_not_listed", params
    return "passed", "mostly_cooperatives", params


def _countries(subject: Subject) -> Found:
    countries = subject.answers.get("countries")
    if countries is None:
        return "unknown", "not_answered", {}
    params = {"countries": countries}
    return ("passed", "several_countries", params) if countries > 1 else ("failed", "one_country", params)


def _controlled(subject: Subject) -> Found:
    percent = subject.answers.get("controlled_percent")
    if percent is None:
        return "unknown", "not_answered", {}
    params = {"percent": percent}
    majority = 50
    return ("passed", "controlled", params) if percent > majority else ("failed", "not_controlled", params)


def _promotes(subject: Subject) -> Found:
    return ("unknown", "promotion_by_own_words", {}) if _says(subject, "promotion") else _NOT_ANSWERED


def _for_a_time(subject: Subject) -> Found:
    until, longest = subject.temporary_until, subject.longest_until
    if not _says(subject, "entitled_as", "missing_for_full") or not until:
        return _NOT_ANSWERED
    if longest and until > longest:
        return "failed", "too_long", {"until": until.isoformat(), "longest": longest.isoformat()}
    return "passed", "limited", {"until": until.isoformat()}


def _endorsement(subject: Subject) -> Found:
    params = {"given": subject.endorsements, "needed": subject.endorsements_needed}
    enough = subject.endorsements >= subject.endorsements_needed
    return ("passed", "endorsed", params) if enough else ("failed", "not_endorsed", params)


_NOT_ANSWERED: Found = ("unknown", "not_answered", {})

COMMON: dict[str, Callable[[Subject], Found]] = {
    "legal_personality": _legal_personality,
    "duly_constituted": _constituted,
    "supports_purpose": _declared("supports_purpose"),
    "accepts_obligations": _declared("accepts_obligations"),
}
"""The rules for applicants of every kind."""

_OF_KIND: dict[str, tuple[str, Callable[[Subject], Found]]] = {
    "operating_as_cooperative": ("operates_as_cooperative", _operates),
    "second_degree": ("made_of_cooperatives", _made_of_cooperatives),
    "confederation": ("made_of_cooperatives", _made_of_cooperatives),
    "supranational": ("made_of_cooperatives", _made_of_cooperatives),
    "controlled_by_cooperatives": ("controlled_by_cooperatives", _controlled),
    "promoting_institution": ("promotes_cooperatives", _promotes),
    "supporter": ("promotes_cooperatives", _promotes),
    "government": ("promotes_cooperatives", _promotes),
    "temporary": ("limited_time", _for_a_time),
}

RULES: tuple[str, ...] = (
    *COMMON,
    "kind",
    "persons_represented",
    *dict.fromkeys(rule for rule, _ in _OF_KIND.values()),
    "several_countries",
    "endorsement",
)
"""Every rule there is."""
