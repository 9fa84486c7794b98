"""The rules of the Alliance, one by one: a pure function of what is known."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.membership.application_form import FORM
from services.membership.application_words import FOUND
from services.membership.eligibility import RULES, Subject, check
from tests.membership.making_applications import answers_of

PAPERS = frozenset(one.kind for one in FORM.documents)


def a_subject(kind: str, **changes: Any) -> Subject:
    """One of whom everything is known and right."""
    known = FORM.kinds[kind]
    sure = {"societies": 10, "cooperative_societies": 9, "countries": 3, "controlled_percent": 60}
    answers = {name: sure.get(name, value) for name, value in answers_of(kind).items()}
    subject = Subject(
        category=known.category,
        kind=kind,
        structures=known.structures,
        degrees=known.degrees,
        structure=known.structures[0] if known.structures else "cooperative",
        degree=known.degrees[0] if known.degrees else "primary",
        has_identifier=True,
        answers=answers,
        documents=PAPERS,
        endorsements=1,
        endorsements_needed=known.endorsements,
        temporary_until=date(2028, 1, 1),
        longest_until=date(2029, 1, 1),
    )
    return replace(subject, **changes)


def outcome(subject: Subject, rule: str) -> tuple[str, str]:
    [found] = [one for one in check(subject) if one.rule == rule]
    return found.outcome, found.code


@pytest.mark.parametrize("kind", [*FORM.kinds])
def test_where_all_is_known_only_ones_own_words_have_to_be_looked_at(kind: str) -> None:
    unmet = {one.rule: one.code for one in check(a_subject(kind)) if one.outcome != "passed"}
    words = {"operates_as_cooperative": "practice_by_own_words", "promotes_cooperatives": "promotion_by_own_words"}
    assert unmet.items() <= words.items()
    looked = dict.fromkeys(unmet, ("passed", "visited"))
    assert {one.outcome for one in check(a_subject(kind, findings=looked))} == {"passed"}


@pytest.mark.parametrize("kind", [*FORM.kinds])
def test_where_nothing_is_known_nothing_is_passed_but_what_needs_no_knowing(kind: str) -> None:
    nothing = {"structure": "", "degree": "", "answers": {}, "documents": frozenset(), "has_identifier": False}
    empty = a_subject(kind, **nothing, temporary_until=None)
    passed = {one.code for one in check(empty) if one.outcome == "passed"}
    assert passed <= {"kind_of_any_structure", "endorsed"}
    assert {one.outcome for one in check(empty)} <= {"passed", "unknown"}


@pytest.mark.parametrize(
    ("kind", "changes", "rule", "expected"),
    [
        ("mutual", {"answers": {"legal_personality": False}}, "legal_personality", ("failed", "no_legal_personality")),
        ("mutual", {"documents": frozenset()}, "legal_personality", ("unknown", "legal_personality_not_proven")),
        ("mutual", {"gone": True}, "duly_constituted", ("failed", "gone_from_register")),
        ("mutual", {"has_identifier": False}, "duly_constituted", ("unknown", "constituted_by_own_words")),
        ("mutual", {"answers": {"supports_purpose": False}}, "supports_purpose", ("failed", "supports_purpose_denied")),
        ("mutual", {"structure": "supporter", "degree": ""}, "kind", ("failed", "structure_differs")),
        ("confederation", {"structure": "", "degree": "secondary"}, "kind", ("failed", "structure_differs")),
        ("mutual", {"answers": {"persons_represented": 0}}, "persons_represented", ("failed", "no_persons")),
        (
            "second_degree",
            {"answers": {"societies": 10, "cooperative_societies": 5}},
            "made_of_cooperatives",
            ("failed", "few_cooperatives"),
        ),
        (
            "second_degree",
            {"answers": {"societies": 10, "cooperative_societies": 11}},
            "made_of_cooperatives",
            ("failed", "societies_contradict"),
        ),
        (
            "second_degree",
            {"documents": PAPERS - {"member_list"}},
            "made_of_cooperatives",
            ("unknown", "societies_not_listed"),
        ),
        ("supranational", {"answers": {"countries": 1}}, "several_countries", ("failed", "one_country")),
        (
            "controlled_by_cooperatives",
            {"answers": {"controlled_percent": 50}},
            "controlled_by_cooperatives",
            ("failed", "not_controlled"),
        ),
        ("temporary", {"temporary_until": date(2030, 1, 1)}, "limited_time", ("failed", "too_long")),
        ("supporter", {"endorsements": 0}, "endorsement", ("failed", "not_endorsed")),
    ],
)
def test_a_rule_that_is_not_met_says_why(
    kind: str, changes: dict[str, Any], rule: str, expected: tuple[str, str]
) -> None:
    assert outcome(a_subject(kind, **changes), rule) == expected


subjects = st.builds(
    a_subject,
    st.sampled_from([*FORM.kinds]),
    answers=st.dictionaries(
        st.sampled_from(sorted({one.name for one in FORM.fields})),
        st.one_of(st.none(), st.booleans(), st.integers(0, 100)),
    ),
    documents=st.frozensets(st.sampled_from(sorted(PAPERS))),
    has_identifier=st.booleans(),
    gone=st.booleans(),
    endorsements=st.integers(0, 2),
)


@given(subjects)
def test_every_rule_is_checked_once_in_a_fixed_order_and_has_its_words(subject: Subject) -> None:
    found = check(subject)
    rules = [one.rule for one in found]
    assert len(set(rules)) == len(rules)
    assert rules == [rule for rule in RULES if rule in rules]
    assert check(subject) == found
    assert {one.code for one in found} <= set(FOUND)


@pytest.mark.parametrize(
    ("kind", "rule", "name"),
    [
        ("operating_as_cooperative", "operates_as_cooperative", "form_obstacle"),
        ("operating_as_cooperative", "operates_as_cooperative", "cooperative_practice"),
        ("supporter", "promotes_cooperatives", "promotion"),
        ("temporary", "limited_time", "entitled_as"),
        ("temporary", "limited_time", "missing_for_full"),
        ("mutual", "duly_constituted", "constituted_under"),
    ],
)
def test_a_blank_says_nothing(kind: str, rule: str, name: str) -> None:
    subject = a_subject(kind, has_identifier=False)
    assert outcome(subject, rule)[1] != "not_answered"
    blank = replace(subject, answers={**subject.answers, name: " \t"})
    assert outcome(blank, rule) == ("unknown", "not_answered")
