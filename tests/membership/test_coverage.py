"""Coverage, white spots, targets and forecasts: by rules that can be told, and fast over a whole continent."""

import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from services.membership import operations
from services.membership.coverage import MIN_KNOWN, Cell, white_spots
from services.membership.forecast import LEAST, Past, forecast, past_of
from services.membership.funnel import ON_THE_WAY, Journey
from services.membership.model import UnknownTarget
from shared.database import transaction
from tests.filling import fill_tables
from tests.membership.making import NOW, TODAY, a_member, a_prospect, an_organization
from tests.membership.making_dues import a_round, accepted

START = datetime(2026, 1, 1, tzinfo=UTC)


def cell(country: str, known: int, members: int, sector: str | None = "housing") -> Cell:
    return Cell(country=country, sector=sector, known=known, members=members)


def test_the_emptiest_place_lacks_what_the_average_would_give_it() -> None:
    cells = [cell("AR", 100, 1), cell("BR", 1000, 20), cell("UY", 100, 9), cell("HT", MIN_KNOWN - 1, 0)]
    spots = white_spots(cells, known=1200, members=30, limit=9)
    assert [(spot.cell.country, spot.missing) for spot in spots] == [("BR", 5.0), ("AR", 1.5)]
    assert white_spots(cells, known=1200, members=30, limit=1) == spots[:1]


def test_without_any_member_the_largest_place_stands_first() -> None:
    cells = [cell("AR", 10, 0), cell("BR", 90, 0), cell("BR", 90, 0, sector=None)]
    assert [spot.cell.country for spot in white_spots(cells, known=100, members=0, limit=9)] == ["BR", "AR"]
    assert white_spots([], known=0, members=0, limit=9) == []


def test_coverage_counts_the_known_and_the_members(session: Session) -> None:
    member = a_member(session, sectors=["agriculture", "dairy"])
    an_organization(session, name="Otra", locality="Azul", sectors=["agriculture"])
    an_organization(session, name="Sin sector", country="UY", sectors=[])
    gone = an_organization(session, name="Ida", locality="Salta")
    gone.gone_at = NOW
    session.flush()
    found = operations.coverage(session, now=NOW)
    assert (found.total.known, found.total.members, found.total.persons, found.total.silent) == (3, 1, None, 1)
    first, second = found.countries
    assert [(one.sector, one.known, one.members, one.share) for one in first.sectors] == [
        ("agriculture", 2, 1, 0.5),
        ("dairy", 1, 1, 1.0),
    ]
    assert (second.total.country, second.total.known, second.total.share, second.sectors) == ("UY", 1, 0.0, [])
    narrowed = operations.coverage(session, country="AR", sector="dairy", now=NOW)
    assert [one.sector for one in narrowed.countries[0].sectors] == ["dairy"]
    assert narrowed.total == found.total
    a_round(session, 2025)
    accepted(session, member, persons=4000, year=2025)
    declared = operations.coverage(session, now=NOW)
    assert (declared.countries[0].total.persons, declared.total.persons, declared.total.silent) == (4000, 4000, 0)
    assert declared.countries[1].total.persons is None


def journey(*moves: tuple[str, int]) -> Journey:
    return Journey(opened_at=START, moves=[(stage, START + timedelta(days=day)) for stage, day in moves])


def test_what_ended_teaches_how_long_each_stage_took_to_admission() -> None:
    won = past_of(journey(("qualified", 10), ("lost", 15), ("qualified", 20), ("admitted", 40)))
    assert won.days == {"identified": 40, "contacted": 30, "qualified": 30, "proposal": 0, "applied": 0}
    assert past_of(journey(("contacted", 5), ("lost", 9))).days == {"identified": None, "contacted": None}


def test_a_forecast_tells_what_it_rests_on() -> None:
    past = [Past(days={"identified": 20.0 if number < 4 else 300.0}) for number in range(5)]
    past += [Past(days={"identified": None})] * 5
    found = forecast(year=2026, today=date(2026, 7, 2), admitted=10, open_by_stage={"identified": 20}, past=past)
    assert (found.days_gone, found.days_left, found.by_run_rate) == (182, 183, 20.05)
    assert (found.stages[0].decided, found.stages[0].in_time, found.stages[0].chance) == (10, 4, 0.4)
    assert (found.stages[0].expected, found.by_pipeline) == (8.0, 18.0)


def test_what_nothing_is_known_of_is_said_to_be_unknown() -> None:
    few = [Past(days={"identified": 1.0})] * (LEAST - 1)
    first_day = forecast(year=2026, today=date(2026, 1, 1), admitted=0, open_by_stage={"identified": 9}, past=few)
    assert (first_day.by_run_rate, first_day.by_pipeline, first_day.stages[0].chance) == (None, None, None)
    over = forecast(year=2025, today=date(2026, 1, 1), admitted=7, open_by_stage={"identified": 9}, past=few)
    assert (over.by_run_rate, over.by_pipeline, over.days_left) == (7.0, 7.0, 0)


@given(
    st.integers(0, 400),
    st.integers(0, 50),
    st.lists(st.sampled_from(ON_THE_WAY), max_size=30),
    st.lists(st.none() | st.floats(0, 500), max_size=30),
)
def test_a_forecast_never_promises_more_than_there_is(
    day: int, admitted: int, standing: list[str], days: list[float | None]
) -> None:
    past = [Past(days=dict.fromkeys(ON_THE_WAY, one)) for one in days]
    found = forecast(
        year=2026,
        today=date(2026, 1, 1) + timedelta(days=day),
        admitted=admitted,
        open_by_stage={stage: standing.count(stage) for stage in set(standing)},
        past=past,
    )
    assert found.days_gone + found.days_left == 365
    if found.by_pipeline is not None:
        assert admitted <= found.by_pipeline <= admitted + len(standing) + 0.05


def test_a_target_is_set_again_and_keeps_what_was_set_before(session: Session) -> None:
    for admissions in (10, 12):
        operations.set_target(session, year=2026, admissions=admissions, reason="plan", actor="ana", now=NOW)
    operations.set_target(session, year=2026, country="AR", admissions=3, actor="ana", now=NOW)
    assert (operations.target(session, year=2026).admissions, operations.target(session, year=2026).version) == (12, 2)
    assert len(session.scalars(operations.targets(year=2026)).all()) == 3
    assert [one.admissions for one in session.scalars(operations.targets(country="AR"))] == [3]
    with pytest.raises(UnknownTarget):
        operations.target(session, year=2027)


def test_progress_counts_the_year_and_the_country(session: Session) -> None:
    a_member(session, name="De antes", locality="Lobos", admitted_on=date(2025, 12, 31))
    left = a_member(session, name="Se fue", locality="Azul", admitted_on=date(2026, 1, 1))
    operations.change_standing(session, left, standing="resigned", reason="letter", actor="eva", now=NOW)
    a_member(session, name="Otra", country="UY")
    a_prospect(session, name="Abierta", locality="Tandil")
    operations.set_target(session, year=2026, admissions=9, actor="ana", now=NOW)
    region = operations.progress(session, year=2026, now=NOW)
    assert region.target
    assert (region.target.admissions, region.left, region.forecast.admitted) == (9, 1, 2)
    there = operations.progress(session, year=2026, country="AR", now=NOW)
    assert (there.target, there.left, there.forecast.admitted, there.forecast.stages[0].open) == (None, 1, 1, 1)
    assert there.forecast.stages[0].decided == 2
    assert operations.progress(session, year=2027, now=NOW).forecast.admitted == 0


CONTINENT = """
    INSERT INTO organizations (id, version, name, country, subdivision, locality, address, postal_code, website,
        sectors, structure, language, created_at, updated_at, folded_name, folded_subdivision)
    SELECT gen_random_uuid(), 1, 'Cooperativa ' || n, (ARRAY['AR','BR','CL','CO','CR','CU','DO','EC','GT','HN','HT',
        'MX','NI','PA','PE','PR','PY','SV','UY','VE'])[1 + n % 20], '', '', '', '', '',
        (ARRAY['{agriculture}','{housing,construction}','{financial-services}','{health,education}','{}'])[1 + n % 5]
        ::text[], 'cooperative', 'es', now(), now(), 'cooperativa ' || n, ''
    FROM generate_series(1, 100000) AS n
"""
MEMBERS = """
    INSERT INTO members (id, version, organization_id, category, standing, admitted_on, admitted_at)
    SELECT gen_random_uuid(), 1, id, 'full', 'current', '2026-02-01', '2026-02-01Z' FROM organizations
    ORDER BY name LIMIT 5000
"""
PROSPECTS = """
    INSERT INTO prospects (id, version, organization_id, stage, source, note, next_action_on, owner, lost_reason,
        opened_at, opened_by)
    SELECT gen_random_uuid(), 1, id, (ARRAY['identified','contacted','qualified','proposal','applied'])[1 + n % 5],
        'summit', '', CASE WHEN n % 4 > 0 THEN date '2026-05-01' + (n % 30)::int END, 'owner' || n % 9, '',
        timestamptz '2026-01-01Z' + n * interval '1 minute', 'ana'
    FROM (SELECT id, row_number() OVER () AS n FROM organizations ORDER BY name DESC LIMIT 3000) AS chosen
"""


def median_of(session: Session, act: Callable[[], object], times: int = 5) -> float:
    """The median of what `act` took, in milliseconds."""
    taken = []
    for _ in range(times):
        started = time.perf_counter()
        act()
        taken.append((time.perf_counter() - started) * 1000)
        session.expire_all()
    return sorted(taken)[times // 2]


@pytest.mark.long
def test_a_continent_is_covered_and_its_pipeline_shown(engine: Engine) -> None:
    # Analysed in between, or each foreign key is looked for through the whole table.
    fill_tables(engine, CONTINENT, "ANALYZE", MEMBERS, PROSPECTS, "ANALYZE")
    with transaction(engine) as session:
        found = operations.coverage(session, now=NOW)
        assert (found.total.known, found.total.members, len(found.countries)) == (100_000, 5_000, 20)
        late = operations.prospects(owner="owner3", overdue=True, today=TODAY).order_by("next_action_on").limit(50)
        board = partial(operations.board, session, size=20, now=NOW)
        figures = {
            "coverage": median_of(session, lambda: operations.coverage(session, now=NOW)),
            "progress": median_of(session, lambda: operations.progress(session, year=2026, now=NOW)),
            "board by day": median_of(session, partial(board, order="next_action_on")),
            "board by fit": median_of(session, partial(board, order="fit")),
            "list": median_of(session, lambda: session.scalars(late).all()),
            "today": median_of(session, lambda: operations.today(session, owner="owner3", now=NOW, size=50)),
        }
    print({name: round(milliseconds, 1) for name, milliseconds in figures.items()})  # noqa: T201 -- shown by pytest -s
