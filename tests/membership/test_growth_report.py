"""The growth report: what it counts, and that a past period stays what it was."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from itertools import pairwise
from time import perf_counter
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from services.membership import operations
from services.membership.dues.collecting import Billing, Collection
from services.membership.growing import GrowthReport, Membership, growth, intervals
from services.membership.model import Member, Merge
from shared.database import transaction
from shared.money import Money
from tests.filling import fill_tables
from tests.membership.making import NOW, TODAY, a_member, an_organization
from tests.membership.making_invoices import indebted, invoiced, paid
from tests.membership.test_standing_large import MEMBERS, fill

YEAR = {"since": date(2026, 1, 1), "until": date(2026, 12, 31)}
DAYS = st.dates(date(2015, 1, 1), date(2030, 12, 31))


@st.composite
def memberships(draw: st.DrawFn) -> Membership:
    joined_on = draw(DAYS)
    ended_on = draw(st.none() | st.dates(joined_on, date(2031, 12, 31)))
    return Membership(
        member_id=uuid4(),
        country=draw(st.sampled_from(["AR", "BR", "UY"])),
        sectors=draw(st.sampled_from([(), ("dairy",), ("dairy", "agriculture")])),
        category=draw(st.sampled_from(["full", "associate"])),
        joined_on=joined_on,
        ended_on=ended_on,
        rule="resigned" if ended_on else None,
    )


@given(st.lists(memberships(), max_size=30), DAYS, DAYS)
def test_who_was_there_joined_and_left_add_up_to_who_is_there(known: list[Membership], a: date, b: date) -> None:
    since, until = sorted((a, b))
    found = growth(known, since=since, until=until, persons_before={}, persons_after={})
    for tally in (found.total, *found.countries.values(), *found.sectors.values(), *found.categories.values()):
        assert tally.at_start + tally.joined - tally.left == tally.at_end
    for groups in (found.countries, found.categories):
        for name in ("at_start", "joined", "left", "at_end"):
            assert sum(getattr(one, name) for one in groups.values()) == getattr(found.total, name)
    assert sum(found.reasons.values()) == found.total.left
    assert sum(one.joined for one in found.intervals) == found.total.joined
    assert sum(one.left for one in found.intervals) == found.total.left
    assert found.intervals[-1].members == found.total.at_end
    assert sum(one.remaining[-1][1] for one in found.cohorts) == found.total.at_end


@given(DAYS, DAYS)
def test_the_parts_of_a_period_follow_each_other_without_a_gap(a: date, b: date) -> None:
    since, until = sorted((a, b))
    parts = list(intervals(since, until))
    assert (parts[0][0], parts[-1][1]) == (since, until)
    assert all(before[1] + timedelta(days=1) == after[0] for before, after in pairwise(parts))
    assert len(parts) <= 24


def test_persons_are_those_of_the_members_of_the_day_and_the_silent_are_counted() -> None:
    stays, leaves, joins = UUID(int=1), UUID(int=2), UUID(int=3)
    rows = [
        membership(stays, date(2020, 1, 1)),
        membership(leaves, date(2020, 1, 1), date(2026, 6, 1)),
        membership(joins, date(2026, 3, 1)),
    ]
    before, after = {stays: 100, leaves: 50, joins: 7}, {stays: 120, leaves: 60}
    total = growth(rows, **YEAR, persons_before=before, persons_after=after).total
    assert (total.start.persons, total.start.silent) == (150, 0)
    assert (total.end.persons, total.end.silent) == (120, 1)


def membership(member_id: UUID, joined_on: date, ended_on: date | None = None) -> Membership:
    rule = "resigned" if ended_on else None
    return Membership(member_id, "AR", ("dairy",), "full", joined_on, ended_on, rule)


def report(session: Session, **period: object) -> GrowthReport:
    return operations.growth_report(session, **YEAR | period, now=NOW)


def leave(session: Session, member: Member, standing: str = "resigned") -> None:
    operations.change_standing(session, member, standing=standing, reason="letter", actor="eva", now=NOW)


def test_a_year_tells_who_joined_who_left_and_why(session: Session) -> None:
    a_member(session, name="Vieja", admitted_on=date(2020, 5, 1))
    leave(session, a_member(session, name="Harta", country="UY", admitted_on=date(2021, 5, 1)))
    leave(session, a_member(session, name="Mala", admitted_on=date(2026, 2, 1)), "terminated")
    a_member(session, name="Nueva", sectors=["dairy", "agriculture"], admitted_on=TODAY)
    found = report(session).growth
    assert (found.total.at_start, found.total.joined, found.total.left, found.total.at_end) == (2, 2, 2, 2)
    assert found.reasons == {"resigned": 1, "terminated_by_decision": 1}
    assert {code: (one.joined, one.left) for code, one in found.countries.items()} == {"AR": (2, 1), "UY": (0, 1)}
    assert {code: one.at_end for code, one in found.sectors.items()} == {"agriculture": 2, "dairy": 1}
    assert [(one.year, one.joined, one.retention) for one in found.cohorts] == [
        (2020, 1, 1.0),
        (2021, 1, 0.0),
        (2026, 2, 0.5),
    ]
    assert (len(found.intervals), found.intervals[4].joined, found.intervals[4].left) == (12, 1, 2)


def test_the_funnel_is_of_the_prospects_opened_in_the_period(session: Session) -> None:
    a_member(session)
    assert (report(session).funnel.opened, report(session).funnel.admitted) == (1, 1)
    assert report(session, until=date(2026, 1, 31)).funnel.opened == 0
    assert report(session, known_at=NOW - timedelta(hours=1)).funnel.opened == 0


def test_a_past_period_stays_as_it_was_known_whatever_comes_to_light(session: Session) -> None:
    member = a_member(session, admitted_on=date(2024, 3, 1))
    asked = {"since": date(2025, 1, 1), "until": date(2025, 12, 31), "known_at": NOW}
    before = operations.growth_report(session, **asked, now=NOW)
    later = NOW + timedelta(days=1)
    known = operations.organization_to_change(session, organization_id=member.organization_id)
    operations.update_organization(session, known, country="UY", sectors=["dairy"], actor="ana", now=later)
    operations.decide(
        session, member, kind="terminated", effective_on=date(2025, 6, 1), reason="Board", actor="eva", now=later
    )
    a_member(session, name="Otra", admitted_on=date(2025, 2, 1))
    session.flush()
    unseen = operations.growth_report(session, **asked | {"known_at": NOW - timedelta(seconds=1)}, now=later)
    assert unseen.growth.total.at_end == 0
    now = operations.growth_report(session, **asked | {"known_at": None}, now=later).growth
    assert (now.total.left, sorted(now.countries)) == (1, ["AR", "UY"])
    again = operations.growth_report(session, **asked, now=later).growth
    assert again.countries["AR"].left == 0, "nobody knew of it then"
    assert "UY" not in again.countries
    assert before.growth.total.left == again.total.left


def test_a_past_period_stays_as_it_was_known_whatever_is_merged_or_parted(session: Session) -> None:
    """Of three that become one, and are parted again, a report of each moment is the same ever after."""
    member = a_member(session, country="AR", sectors=["dairy"], admitted_on=date(2025, 3, 1))
    a_member(session, name="Otra", country="BR", admitted_on=date(2025, 4, 1))
    first, second, third = (
        member.organization_id,
        *(
            an_organization(session, name=f"Unión {code}", country=code, sectors=["housing"]).id
            for code in ("UY", "CL")
        ),
    )
    moments = [NOW + timedelta(hours=hours) for hours in range(1, 5)]
    reports: list[GrowthReport] = []

    def tell() -> None:
        session.flush()
        at = NOW + timedelta(minutes=30 + 60 * len(reports))
        reports.append(operations.growth_report(session, **YEAR, known_at=at, now=at))

    def merge(survivor_id: UUID, loser_id: UUID, now: datetime) -> Merge:
        two = {"survivor_id": survivor_id, "loser_id": loser_id, "choices": {"sectors": "survivor"}}
        return operations.merge_organizations(session, **two, reason="one", actor="ana", now=now)

    tell()
    merges = [merge(second, first, moments[0])]
    tell()
    merges.append(merge(third, second, moments[1]))
    tell()
    for one, now in zip(reversed(merges), moments[2:], strict=True):
        operations.undo_merge(session, one, reason="two", actor="ana", now=now)
        tell()
    countries = ["-".join(one.growth.countries) for one in reports]
    assert countries == ["AR-BR", "BR-UY", "BR-CL", "BR-UY", "AR-BR"]
    later = moments[-1] + timedelta(days=1)
    again = [operations.growth_report(session, **YEAR, known_at=one.known_at, now=later) for one in reports]
    assert again == reports


def amounts(found: Sequence[Collection]) -> dict[tuple[str, str], list[int]]:
    """Opening, invoiced, credited, collected, written off and outstanding in whole units, by key and currency."""
    names = ("opening", "invoiced", "credited", "collected", "written_off", "outstanding")
    return {(one.key, one.currency): [getattr(one, name) // 100 for name in names] for one in found}


def dues_report(session: Session, since: date, until: date, **known: object) -> Billing:
    return operations.growth_report(session, since=since, until=until, **known).billing


def test_dues_are_told_as_billed_collected_and_given_up_until_what_is_owed(session: Session) -> None:
    first = indebted(session, "Uno", "Dos")
    for member, country in zip(first, ("UY", "AR"), strict=True):
        known = operations.organization_to_change(session, organization_id=member.organization_id)
        operations.update_organization(session, known, country=country, actor="ana", now=NOW)
    issued = invoiced(session)
    one, two = (issued[member.id] for member in first)
    june, july = NOW + timedelta(days=40), NOW + timedelta(days=70)
    paid(session, first[0], "200.00", one)
    paid(session, first[1], "600.00", two, received_on=june.date(), now=june)
    operations.credit_invoice(session, two, series="C", amount=Money(50_00, "USD"), reason="x", actor="ana", now=june)
    proposed = operations.propose_write_off(
        session, one, amount=Money(100_00, "USD"), reason="x", actor="ana", now=july
    )
    operations.decide_write_off(session, proposed, approve=True, reason="x", actor="eva", now=july)
    spring = dues_report(session, date(2026, 5, 1), date(2026, 5, 31), now=july)
    assert amounts(spring.total) == {("", "USD"): [0, 1000, 0, 200, 0, 800]}
    summer = dues_report(session, date(2026, 6, 1), TODAY + timedelta(days=70), now=july)
    assert amounts(summer.total) == {("", "USD"): [800, 0, 50, 450, 100, 200]}
    assert amounts(summer.countries) == {
        ("AR", "USD"): [500, 0, 50, 450, 0, 0],
        ("UY", "USD"): [300, 0, 0, 0, 100, 200],
    }
    assert amounts(summer.categories) == {("full", "USD"): [800, 0, 50, 450, 100, 200]}
    assert (summer.total[0].billed, summer.total[0].rate) == (-50_00, 0.6)


def test_dues_of_a_past_period_stay_as_they_were_known_whatever_comes_to_light(session: Session) -> None:
    [member] = indebted(session, "Uno")
    one = invoiced(session)[member.id]
    may = {"since": date(2026, 5, 1), "until": date(2026, 5, 31)}
    before = operations.growth_report(session, **may, now=NOW)
    later = NOW + timedelta(days=60)
    paid(session, member, "200.00", one, received_on=TODAY, now=later)
    known = operations.organization_to_change(session, organization_id=member.organization_id)
    operations.update_organization(session, known, country="UY", actor="ana", now=later)
    session.flush()
    assert operations.growth_report(session, **may, known_at=NOW, now=later) == before
    assert amounts(dues_report(session, **may, now=later).countries) == {("UY", "USD"): [0, 500, 0, 200, 0, 300]}


@pytest.mark.parametrize("members", [300, pytest.param(MEMBERS, marks=pytest.mark.long)])
def test_so_many_members_are_reported_at_once(engine: Engine, members: int) -> None:
    fill_tables(engine, fill(members), "ANALYZE")
    seconds = []
    for _ in range(3):
        with transaction(engine) as session:
            began = perf_counter()
            found = operations.growth_report(session, since=date(2015, 1, 1), until=date(2026, 4, 15), now=NOW)
            seconds.append(perf_counter() - began)
    print({"growth report": min(seconds)})  # noqa: T201 -- shown by pytest -s
    assert (found.growth.total.joined, found.growth.total.at_end) == (members, members)
