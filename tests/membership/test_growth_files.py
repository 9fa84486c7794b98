"""The growth report over HTTP: data, tables, a workbook, and charts that are read and not only looked at."""

import csv
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from io import BytesIO, StringIO
from typing import Any
from uuid import uuid4
from xml.etree import ElementTree as ET

import httpx
import openpyxl
import pytest

from services.membership.dues.collecting import Moved, billing
from services.membership.funnel import Journey, funnel
from services.membership.growing import GrowthReport, Membership, growth
from services.membership.growth_charts import CHARTS, chart
from services.membership.growth_tables import TABLES, table
from shared.clock import utc_now
from shared.i18n import LANGUAGES, Language
from tests.conftest import Servers
from tests.system import System, system

NOW = datetime(2026, 12, 31, 12, tzinfo=UTC)
SVG = "{http://www.w3.org/2000/svg}"
COUNTRIES = ("AR", "BR", "UY", "CR", "DO", "GT")


def a_report(number: int = 60, since: date = date(2026, 1, 1), until: date = date(2026, 12, 31)) -> GrowthReport:
    members = [
        Membership(
            member_id=uuid4(),
            country=COUNTRIES[each % 6],
            sectors=("dairy",),
            category="full",
            joined_on=date(2019 + each % 8, 1 + each % 12, 10),
            ended_on=date(2026, 1 + each % 12, 20) if each % 5 == 0 else None,
            rule="resigned" if each % 5 == 0 else None,
        )
        for each in range(number)
    ]
    stages = ("contacted", "qualified", "proposal", "applied", "admitted")
    journeys = [Journey(opened_at=NOW, moves=[(stage, NOW) for stage in stages[: each % 6]]) for each in range(number)]
    found = growth(members, since=since, until=until, persons_before={}, persons_after={})
    opened = funnel(journeys, now=NOW)
    owed = [Moved(one.member_id, "USD" if one.country == "UY" else "ARS", "invoiced", 500_00) for one in members]
    paid = [one._replace(movement="collected", minor=400_00) for one in owed[::3]]
    dues = billing([*owed, *paid], {one.member_id: (one.country, one.category) for one in members})
    return GrowthReport(since=since, until=until, known_at=NOW, growth=found, funnel=opened, dues=[], billing=dues)


@pytest.fixture(scope="module")
def running(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with system(servers, tmp_path_factory.mktemp("reports")) as running:
        running.start("membership")
        with running.api("membership") as api:
            known = api.post("/v1/organizations", json={"name": "Cooperativa Ñandú", "country": "UY"}).json()["id"]
            prospect = api.post("/v1/prospects", json={"organization_id": known, "source": "letter"}).json()["id"]
            decision = {"category": "full", "reason": "Board"}
            api.post(f"/v1/prospects/{prospect}/admit", json=decision).raise_for_status()
        yield running


@pytest.fixture
def api(running: System) -> Iterator[httpx.Client]:
    with running.api("membership") as api:
        yield api


@pytest.fixture
def year() -> dict[str, str]:
    today = utc_now().date()
    return {"since": today.replace(month=1, day=1).isoformat(), "until": today.isoformat()}


def test_a_period_is_told_and_told_again_the_same(api: httpx.Client, year: dict[str, str]) -> None:
    answer = api.get("/v1/reports/growth", params=year)
    assert answer.status_code == 200, answer.text
    found = answer.json()
    expected = {"at_start": 0, "joined": 1, "left": 0, "net": 1, "at_end": 1}
    assert {name: found["total"][name] for name in expected} == expected
    assert found["total"]["end"] == {"persons": None, "silent": 1}
    assert [one["country"] for one in found["countries"]] == ["UY"]
    assert found["funnel"]["admitted"] == 1
    assert api.get("/v1/reports/growth", params=year | {"known_at": found["known_at"]}).json() == found


def test_each_table_comes_as_csv(api: httpx.Client, year: dict[str, str]) -> None:
    for name in TABLES:
        answer = api.get("/v1/reports/growth.csv", params=year | {"table": name})
        assert answer.status_code == 200, answer.text
        header, *rows = csv.reader(StringIO(answer.content.decode("utf-8-sig"), newline=""))
        assert header == [column.name for column in TABLES[name][0]]
        assert all(len(row) == len(header) for row in rows)
    groups = api.get("/v1/reports/growth.csv", params=year).content.decode("utf-8-sig")
    total = next(csv.DictReader(StringIO(groups, newline="")))
    assert (total["dimension"], total["joined"], total["net"], total["persons_at_end"]) == ("total", "1", "1", "")


def test_the_workbook_has_a_sheet_for_each_table(api: httpx.Client, year: dict[str, str]) -> None:
    book = openpyxl.load_workbook(BytesIO(api.get("/v1/reports/growth.xlsx", params=year).content))
    assert book.sheetnames == list(TABLES)
    assert [cell.value for cell in book["groups"][3]][:4] == ["country", "UY", 0, 1]


def test_a_chart_is_drawn_in_the_language_of_the_reader(api: httpx.Client, year: dict[str, str]) -> None:
    answer = api.get("/v1/reports/growth.svg", params=year | {"chart": "countries"}, headers={"Accept-Language": "pt"})
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "image/svg+xml; charset=utf-8")
    assert "Uruguai" in words(answer.text)


@pytest.mark.parametrize(
    ("wrong", "parameter"),
    [({"until": "1999-01-01"}, "until"), ({"since": "0001-01-01"}, "since"), ({"table": "x"}, "table")],
)
def test_what_can_not_be_told_is_refused(
    api: httpx.Client, year: dict[str, str], wrong: dict[str, str], parameter: str
) -> None:
    refusal = api.get("/v1/reports/growth.csv", params=year | wrong)
    assert refusal.status_code == 400
    assert parameter in [one["parameter"] for one in refusal.json()["errors"]]


def words(drawn: str) -> list[str]:
    return [one.text or "" for one in ET.fromstring(drawn).iter(f"{SVG}text")]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", CHARTS)
def test_a_chart_has_title_description_and_axes_in_words(name: str, language: Language) -> None:
    drawn = ET.fromstring(chart(a_report(), name, language))
    title, description = drawn.find(f"{SVG}title"), drawn.find(f"{SVG}desc")
    assert drawn.get("role") == "img"
    assert drawn.get("lang") == language
    assert title is not None
    assert title.text
    assert description is not None
    assert description.text
    assert "{" not in title.text + description.text
    assert len(words(ET.tostring(drawn, encoding="unicode"))) > 10


@pytest.mark.parametrize(
    ("since", "until", "labels"),
    [
        (date(2024, 1, 31), date(2026, 1, 1), ["2024", "2025", "2026"]),
        (date(2024, 2, 1), date(2024, 3, 31), ["Feb 24", "Mar 24"]),
    ],
)
def test_a_chart_of_years_names_years_and_one_of_months_months(since: date, until: date, labels: list[str]) -> None:
    report = a_report(since=since, until=until)
    assert len(report.growth.intervals) == len(labels)
    assert [word for word in words(chart(report, "movement", "en")) if word in labels] == labels


def test_a_chart_says_what_the_numbers_above_its_columns_are() -> None:
    assert "Period; above each column, the members at its end" in words(chart(a_report(), "movement", "en"))


def test_bars_are_as_long_as_what_they_stand_for() -> None:
    drawn = ET.fromstring(chart(a_report(), "retention", "en"))
    widths = [float(one.get("width", "0")) for one in drawn.iter(f"{SVG}rect")][1:]
    kept = [one.retention for one in a_report().growth.cohorts]
    longest = max(widths)
    assert [round(width / longest, 2) for width in widths] == [round(part / max(kept), 2) for part in kept]


@pytest.mark.parametrize("name", CHARTS)
def test_a_period_in_which_nothing_happened_is_drawn_too(name: str) -> None:
    nothing = a_report(0)
    assert ET.fromstring(chart(nothing, name, "es")).find(f"{SVG}title") is not None


def test_names_that_mean_something_to_xml_are_written_as_text() -> None:
    found = a_report()
    odd: dict[str, Any] = {"<&>": next(iter(found.growth.countries.values()))}
    drawn = chart(replace(found, growth=replace(found.growth, countries=odd)), "countries", "es")
    assert "<&>" in words(drawn)


def test_dues_are_drawn_as_the_part_that_came_in_of_each_currency() -> None:
    said = words(chart(a_report(), "dues", "en"))
    assert {"ARS 25,000.00", "USD 5,000.00", "32%", "0%"} <= set(said)


def test_a_table_has_what_became_of_dues_of_all_by_country_and_by_category() -> None:
    rows = [tuple(str(value) for value in row) for row in table(a_report(), "billing").rows]
    assert rows[0] == ("total", "", "ARS", "0.00", "25000.00", "0.00", "25000.00", "8000.00", "0.00", "17000.00")
    assert [row[:3] for row in rows[2:]] == [
        *(("country", code, "USD" if code == "UY" else "ARS") for code in sorted(COUNTRIES)),
        ("category", "full", "ARS"),
        ("category", "full", "USD"),
    ]


def test_a_table_has_each_country_and_the_whole() -> None:
    rows = [row[:2] for row in table(a_report(), "groups").rows]
    assert rows[0] == ("total", "")
    assert [key for dimension, key in rows if dimension == "country"] == sorted(COUNTRIES)
