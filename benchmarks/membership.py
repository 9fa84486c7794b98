"""Rows: the pages and reports of 100,000 organizations with 5,000 members, and the dues run of those members."""

import csv
import os
import random
import statistics
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
from harness import HERE, OURS, Bench, Row, sql, until, within
from instance import serving
from registry import PLACES, TRADES

from shared.clock import utc_now

ORGANIZATIONS, MEMBERS, PROSPECTS = 100_000, 5_000, 10_000
COUNTRIES = ("AR", "BR", "CO", "MX", "UY")
SECTORS = ("agriculture", "housing", "financial-services", "dairy", "transport", "utilities", "retail")
SYLLABLES = (
    "LA",
    "UN",
    "ES",
    "PE",
    "RAN",
    "ZA",
    "PRO",
    "GRE",
    "SO",
    "FU",
    "TU",
    "RO",
    "SOL",
    "DA",
    "RI",
    "POR",
    "VE",
    "NIR",
    "LI",
    "BER",
)
PROFILE = """
registry = "bench"
[columns]
key = "key"
name = "name"
country = "country"
locality = "locality"
subdivision = "subdivision"
sectors = "sectors"
[values.sectors]
"""
WARM_UP, ASKED = 3, 15
SEARCHES = [f"/v1/organizations?name={word}" for word in ("ranlala", "coop es", "lalala traba", "pro 1F", "zzz")]
LISTS = [
    "/v1/organizations?country=BR",
    "/v1/organizations?country=AR&sector=housing",
    "/v1/organizations?standing=current",
    "/v1/organizations?member=false&sector=dairy&country=MX",
    "/v1/members?standing=current&country=UY",
]
PIPELINE = [
    "/v1/prospects",
    "/v1/prospects?stage=qualified&sort=next_action_on",
    "/v1/prospects?overdue=true&country=CO",
    "/v1/prospects?owner=owner-7&sector=retail",
    "/v1/pipeline",
    "/v1/pipeline?order=next_action_on&country=AR",
    "/v1/pipeline/today?owner=owner-3",
]
BY_FIT = ["/v1/prospects?sort=-fit", "/v1/pipeline?order=fit"]


def generate(folder: Path) -> tuple[Path, Path]:
    """A registry of many countries, every name its own, and its profile."""
    register, profile = folder / "bench.csv", folder / "bench.toml"
    profile.write_text(PROFILE + "".join(f'"{one}" = "{one}"\n' for one in SECTORS))
    with register.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(("key", "name", "country", "locality", "subdivision", "sectors"))
        chance = random.Random(1)
        writer.writerows(organization(number, chance) for number in range(ORGANIZATIONS))
    return register, profile


def organization(number: int, chance: random.Random) -> list[object]:
    place, trade = PLACES[number % len(PLACES)], TRADES[number % len(TRADES)]
    name = f"COOPERATIVA DE {trade} {word(chance)} {word(chance)} {number:X} LIMITADA"
    return [number, name, COUNTRIES[number % len(COUNTRIES)], *place, SECTORS[number % len(SECTORS)]]


def word(chance: random.Random) -> str:
    """One of 8,000, as in a language: a few stand in many names, most in few."""
    rank = int(8_000 * chance.random() ** 3)
    return "".join(SYLLABLES[rank // 20**place % 20] for place in range(3))


def fill(bench: Bench, database: str) -> None:
    with TemporaryDirectory() as folder:
        register, profile = generate(Path(folder))
        environment = os.environ | {"DATABASE_URL": database, "AMQP_URI": bench.amqp_uri, "INTERCOOP_HOME": folder}
        intake = ("import", "registry", register, "--profile", profile, "--json")
        made = (HERE / "ours" / "growth.py", MEMBERS, PROSPECTS)
        for command in (("-m", "intercoop", "migrate", "membership"), ("-m", "intercoop", *intake), made):
            bench.say(f"filling: {Path(str(command[0])).stem} {' '.join(map(str, command[1:4]))}")
            line = [OURS, *map(str, command)]
            subprocess.run(line, env=environment, cwd=HERE.parent, check=True, stdout=subprocess.DEVNULL)
    sql(database, "VACUUM ANALYZE")


def seconds(api: httpx.Client, path: str) -> float:
    began = time.perf_counter()
    answer = api.get(path)
    taken = time.perf_counter() - began
    if answer.status_code != 200:
        raise SystemExit(f"{path}: {answer.status_code} {answer.text}")
    return taken


def slowest(bench: Bench, api: httpx.Client, paths: list[str], *, asked: int = ASKED) -> tuple[float, str]:
    """The median of the page whose median is longest, in seconds, and which it is."""
    medians = []
    for path in paths:
        for _ in range(WARM_UP):
            seconds(api, path)
        medians.append((statistics.median(seconds(api, path) for _ in range(asked)), path))
        bench.say(f"{path}: {medians[-1][0] * 1000:.1f} ms")
    return max(medians)


def held(pid: int, name: str = "VmRSS") -> float:
    """Megabytes the process holds, or (VmHWM) held at most."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name)) / 1024


def dues_run(bench: Bench, api: httpx.Client, database: str) -> float:
    """Seconds from planning to the last number given."""
    began = time.monotonic()
    year = utc_now().year
    wanted = {"year": year, "series": "D", "instalments": [{"percent": "100", "due_on": f"{year}-12-31"}]}
    planned = api.post("/v1/dues-runs", json=wanted)
    planned.raise_for_status()
    bench.say(f"planned in {time.monotonic() - began:.1f} s")
    issue = f"/v1/dues-runs/{planned.json()['id']}/issue"
    api.post(issue, headers={"If-Match": planned.headers["ETag"]}).raise_for_status()
    query = "SELECT count(*) FROM dues_invoices WHERE number IS NOT NULL"
    return until(database, query, MEMBERS, within_s=300) - began


def page_rows(bench: Bench, api: httpx.Client) -> Iterator[Row]:
    many = f"{ORGANIZATIONS} organizations, {MEMBERS} members, {PROSPECTS} prospects; one caller on loopback"
    bound = "the database's query and writing JSON"
    for name, paths in (
        ("search", SEARCHES),
        ("lists", LISTS),
        ("pipeline", PIPELINE),
        ("pipeline by fit", BY_FIT),
    ):
        found, path = slowest(bench, api, paths)
        how = f"{many}; median of {ASKED}, the slowest page of {len(paths)}: {path}; bound by {bound}"
        yield within(f"{name} page", found * 1000, bar=50, unit="ms", how=how)


def report_rows(bench: Bench, api: httpx.Client) -> Iterator[Row]:
    year = utc_now().year
    for name, path, bound in (
        ("coverage", "/v1/coverage", "counting every organization by country and sector"),
        (
            "growth report",
            f"/v1/reports/growth?since={year - 9}-01-01&until={year}-12-31",
            "standing, computed member by member",
        ),
    ):
        found, _ = slowest(bench, api, [path], asked=3)
        yield within(name, found, bar=1, unit="s", how=f"{path}; bound by {bound}")


def measure(bench: Bench) -> Iterator[Row]:
    with bench.vhost() as vhost, bench.database() as database:
        fill(bench, database)
        with serving("-m", "intercoop", "serve", "membership", vhost=vhost, database=database) as (pid, port, token):
            headers = {"Authorization": f"Bearer {token}"}
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=120) as api:
                yield from page_rows(bench, api)
                yield from report_rows(bench, api)
                before = held(pid)
                taken = dues_run(bench, api, database)
                more = held(pid, "VmHWM") - before
    how = f"{MEMBERS} invoices planned, numbered, owed and announced; bound by one transaction for each batch"
    yield within("dues run", taken, bar=60, unit="s", how=how)
    held_more = "the service's peak against what it held before; members are in hand a few hundred at a time"
    yield within("dues run, memory", more, bar=50, unit="MB more", how=held_more)
