"""Persons represented: the accepted figures, as known at an instant, with the delegates they give."""

from datetime import timedelta

from sqlalchemy.orm import Session

from services.membership import operations
from services.membership.operations.representation import persons_represented
from tests.membership.making import NOW, TODAY, a_member
from tests.membership.making_dues import a_round, accepted, declared, statistic_of

LATER = NOW + timedelta(days=1)


def test_only_accepted_figures_count_and_the_latest_year_of_them(session: Session) -> None:
    member = a_member(session, admitted_on=TODAY - timedelta(days=900))
    for year, persons in ((2024, 100), (2025, 120)):
        a_round(session, year)
        accepted(session, member, persons, year)
    a_round(session, 2026)
    declared(session, member, 999, 2026, confirmation="grown")
    assert persons_represented(session, year=2026, known_at=LATER) == {member.id: 120}
    assert persons_represented(session, year=2024, known_at=LATER) == {member.id: 100}
    assert persons_represented(session, year=2023, known_at=LATER) == {}


def test_what_is_known_later_changes_nothing_of_what_was_known_then(session: Session) -> None:
    member = a_member(session)
    a_round(session, 2025)
    accepted(session, member, 250, 2025)
    statistic_of(session, member, 2025).put_question("How were they counted?", actor="ana", now=LATER)
    session.flush()
    assert persons_represented(session, year=2026, known_at=NOW) == {member.id: 250}
    assert persons_represented(session, year=2026, known_at=LATER) == {}


def test_the_accepted_statistic_gives_the_delegates_of_a_member_and_of_the_voters(session: Session) -> None:
    member = a_member(session)
    unknown = operations.position(session, member, now=LATER)
    assert (unknown.quota.rule, unknown.quota.delegates) == ("no_statistic", None)
    a_round(session, 2025)
    accepted(session, member, 250, 2025)
    known = operations.position(session, member, now=LATER)
    assert known.quota.rule in {"bracket", "below_brackets"}
    assert known.quota.delegates is not None
    voters = operations.voters(session, now=LATER)
    assert [one.quota for one in voters] == [known.quota]
    assert operations.count_voters(voters, on=LATER.date(), known_at=LATER).without_statistic == 0


def test_a_prospect_that_was_a_member_is_as_large_as_it_declared_then(session: Session) -> None:
    member, other = a_member(session), a_member(session, name="Otra")
    a_round(session, 2025)
    accepted(session, member, 25_000, 2025)
    accepted(session, other, 9, 2025)
    before = operations.fit_of(session, member.organization, now=NOW - timedelta(days=1))
    assert "size_unknown" in [reason.code for reason in before.reasons]
    [size] = [one for one in operations.fit_of(session, member.organization, now=LATER).reasons if one.fact == "size"]
    assert (size.code, size.params) == ("size", {"persons": 25_000})
