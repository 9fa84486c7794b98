"""The growth report as tables, for CSV and workbooks. Pure."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from decimal import Decimal

from services.membership.formats.table import Column, Kind, Table, Value
from services.membership.growing import GrowthReport, Tally

Rows = Iterable[Sequence[Value]]


def _columns(**kinds: Kind) -> Sequence[Column]:
    return [Column(name, kind) for name, kind in kinds.items()]


def _groups(report: GrowthReport) -> Iterator[Sequence[Value]]:
    found = report.growth
    yield "total", "", *_tally(found.total)
    groups = {"country": found.countries, "sector": found.sectors, "category": found.categories}
    for dimension, tallies in groups.items():
        for key, tally in tallies.items():
            yield dimension, key, *_tally(tally)


def _tally(of: Tally) -> Sequence[Value]:
    ends = (of.start.persons, of.start.silent, of.end.persons, of.end.silent)
    return of.at_start, of.joined, of.left, of.net, of.at_end, *ends


def _cohorts(report: GrowthReport) -> Rows:
    return (
        (cohort.year, cohort.joined, day, members, round(members / cohort.joined, 4))
        for cohort in report.growth.cohorts
        for day, members in cohort.remaining
    )


def _funnel(report: GrowthReport) -> Rows:
    return (
        (one.stage, one.reached, one.went_on, one.fell_out, one.undecided, one.conversion, one.median_days)
        for one in report.funnel.passages
    )


def _dues(report: GrowthReport) -> Rows:
    return ((one.year, one.assessments, Decimal(one.amount.amount), one.amount.currency) for one in report.dues)


def _billing(report: GrowthReport) -> Rows:
    found = report.billing
    groups = {"total": found.total, "country": found.countries, "category": found.categories}
    return (
        (dimension, one.key, one.currency, *(Decimal(money.amount) for money in one.amounts.values()))
        for dimension, collections in groups.items()
        for one in collections
    )


TABLES: dict[str, tuple[Sequence[Column], Callable[[GrowthReport], Rows]]] = {
    "groups": (
        _columns(
            dimension="string",
            key="string",
            at_start="integer",
            joined="integer",
            left="integer",
            net="integer",
            at_end="integer",
            persons_at_start="integer",
            silent_at_start="integer",
            persons_at_end="integer",
            silent_at_end="integer",
        ),
        _groups,
    ),
    "reasons": (_columns(rule="string", left="integer"), lambda report: report.growth.reasons.items()),
    "intervals": (
        _columns(since="date", until="date", joined="integer", left="integer", members="integer"),
        lambda report: ((one.since, one.until, one.joined, one.left, one.members) for one in report.growth.intervals),
    ),
    "cohorts": (
        _columns(year="integer", joined="integer", on="date", remaining="integer", retention="number"),
        _cohorts,
    ),
    "funnel": (
        _columns(
            stage="string",
            reached="integer",
            went_on="integer",
            fell_out="integer",
            undecided="integer",
            conversion="number",
            median_days="number",
        ),
        _funnel,
    ),
    "dues": (_columns(year="integer", assessments="integer", assessed="number", currency="string"), _dues),
    "billing": (
        _columns(
            dimension="string",
            key="string",
            currency="string",
            opening="number",
            invoiced="number",
            credited="number",
            billed="number",
            collected="number",
            written_off="number",
            outstanding="number",
        ),
        _billing,
    ),
}
"""The columns of each table, and its rows."""


def table(report: GrowthReport, name: str) -> Table:
    """One table of the report; what is unknown is an empty cell."""
    columns, rows = TABLES[name]
    return Table(name=name, columns=columns, rows=rows(report))
