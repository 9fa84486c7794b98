"""A year of the secretariat through the service's own API; then every report is told again from the events alone."""

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import pytest

from intercoop.audit.effects import EXAMINATIONS, examine
from intercoop.client import Feed
from services.membership import importing
from services.membership.importing import import_register
from shared.database import connect
from tests.conftest import Servers
from tests.journeys.year.asked import Answer
from tests.journeys.year.clock import Clock
from tests.journeys.year.desk import Desk
from tests.journeys.year.plan import by_the_clock
from tests.journeys.year.register import profile, write_register
from tests.journeys.year.retold import ageing, coverage, funnel, growth, simulation, voters
from tests.journeys.year.retold.history import History
from tests.journeys.year.story import PERIODS, Year
from tests.outboxes import pending
from tests.system import System, system
from tests.waiting import eventually

pytestmark = pytest.mark.timeout(600)

YEAR, REGISTERED = 2025, 300
JOINED = 8
"""At least so many become members on the way."""

RETOLD: dict[str, Callable[..., Any]] = {
    "/v1/reports/growth": growth.report,
    "/v1/pipeline/funnel": funnel.report,
    "/v1/dues-ageing": ageing.report,
    "/v1/dues-reconciliation": ageing.reconciliation,
    "/v1/voters/counts": voters.report,
    "/v1/coverage": coverage.report,
    "/v1/dues-simulations": simulation.report,
}
"""Each report's independent retelling: a history and a query give what of the answer must be equal."""


@pytest.fixture(scope="module", params=[66, pytest.param(132, marks=pytest.mark.long)], ids="{}-members".format)
def old(request: pytest.FixtureRequest) -> int:
    """How many are members when it begins."""
    return int(request.param)


@pytest.fixture(scope="module")
def running(servers: Servers, tmp_path_factory: pytest.TempPathFactory, old: int) -> Iterator[System]:
    folder = tmp_path_factory.mktemp("year")
    Clock(folder / "clock").set(date(2025, 1, 7))
    with system(servers, folder / "home") as running:
        running.plan = by_the_clock(running.plan, folder / "clock")
        running.start("membership", "membership relay")
        yield running


@pytest.fixture(scope="module")
def year(running: System, old: int) -> Iterator[Year]:
    """It is over."""
    clock = Clock(Path(running.plan.env["YEAR_CLOCK"]))
    take_in_the_register(running, clock)
    with running.api("membership") as api, running.api("membership") as board:
        board.headers["Authorization"] = f"Bearer {running.plan.instance.token(subject='board@localhost')}"
        desk = Desk(api=api, board=board, clock=clock)
        known = sorted(desk.every("/v1/organizations"), key=lambda one: str(one["name"][-3:]))
        lived = Year(running=running, desk=desk, organizations=known, old=old)
        lived.live()
        yield lived


def take_in_the_register(running: System, clock: Clock) -> None:
    engine = connect(running.database_url("membership"))
    file = write_register(running.plan.home / "register.csv", REGISTERED)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(importing, "utc_now", clock.now)
        run = import_register(engine, file, profile(), profile_name="year", actor="staff")
    engine.dispose()
    assert (run.created, run.rejected) == (REGISTERED, 0)


@pytest.fixture(scope="module")
def history(running: System, year: Year) -> History:
    """All that was said, as whoever follows the feed has it."""
    eventually(lambda: not pending(running.database_url("membership")))
    feed = Feed(running.plan.instance.services["membership"].url, token=running.plan.instance.token)
    return History.read(feed)


def test_a_report_told_from_the_events_alone_is_the_services(year: Year, history: History) -> None:
    differences = [found for one in year.answers for found in differing(one, history)]
    assert not differences, "\n".join(differences[:40])


def test_the_year_had_in_it_what_years_have(year: Year, history: History) -> None:
    """Or the reports would be equal for want of anything to tell."""
    reports = [one for one in year.answers if one.path == "/v1/reports/growth"]
    last = [one.said for one in reports if one.query["since"] == PERIODS[0][0]][-1]
    rules = {one["rule"] for one in last["reasons"]}
    assert rules >= {"resigned", "terminated_by_decision", "expelled", "succeeded"}
    assert {one["opening"]["currency"] for one in last["billing"]["total"]} == {"EUR", "USD"}
    assert all(last["funnel"][name] for name in ("open", "lost", "admitted"))
    assert {data["means"] for _, _, data in history.of("dues.credited")} == {"credit_note", "write_off"}
    decided = {(data["verdict"], data["category"]) for _, _, data in history.of("application.decided")}
    assert {("approved", "full"), ("approved", "associate")} < decided
    standings = {data["standing"] for _, _, data in history.of("member.standing_changed")}
    assert standings == {"current", "grace", "suspended", "resigned", "terminated"}
    payments = list(year.desk.every("/v1/dues-payments"))
    assert {one["amount"]["currency"] for one in payments} == {"ARS", "BRL", "CRC", "EUR", "USD"}
    assert len(history.members) >= year.old + JOINED


@pytest.mark.parametrize(
    "kind",
    [
        "member.standing_changed",
        "statistic.decided",
        "prospect.advanced",
        "dues.assessed",
        "dues.paid",
        "dues.credited",
    ],
)
def test_one_event_that_is_missing_makes_a_report_another(year: Year, history: History, kind: str) -> None:
    [*_, lost] = history.of(kind)
    without = History([one for one in history.facts if one is not lost])
    assert any(True for one in year.answers if "growth" in one.path for _ in differing(one, without))


def test_the_audit_finds_every_standing_announced_as_it_was(running: System, year: Year) -> None:
    url, examinations = running.database_url("membership"), EXAMINATIONS["membership"]
    assert len(year.desk.members) > year.old + JOINED
    assert examine(url, "membership", examinations, seconds=60) == []


def test_asked_again_by_what_was_known_a_report_is_the_same_for_good(year: Year) -> None:
    earlier = [one for one in year.answers if "known_at" in one.said and one.at.year == YEAR]
    assert {one.path for one in earlier} == {"/v1/reports/growth", "/v1/voters/counts"}
    for one in earlier:
        assert ask_again(year.desk.api, one) == one.said


def ask_again(api: httpx.Client, one: Answer) -> Any:
    query = {name: str(value) for name, value in one.query.items()}
    return api.get(one.path, params=query | {"known_at": one.said["known_at"]}).raise_for_status().json()


def differing(one: Answer, history: History) -> Iterator[str]:
    told = RETOLD[one.path](history.until(one.at), one)
    for place, is_, should in differences(one.said, told):
        yield f"{one.path} {one.query} at {one.at:%Y-%m-%d}: {place}: the service says {is_!r}, the events {should!r}"


def differences(said: Any, told: Any, place: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Where the answer says other than what was told; what the events can't tell is left out of `told`."""
    if isinstance(told, dict) and isinstance(said, dict):
        for name, value in told.items():
            yield from differences(said.get(name), value, f"{place}/{name}")
    elif isinstance(told, list) and isinstance(said, list) and len(told) == len(said):
        for number, (one, other) in enumerate(zip(said, told, strict=True)):
            yield from differences(one, other, f"{place}/{number}")
    elif said != told:
        yield place, said, told
