"""The growth report as charts, in the reader's language. Pure."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

from babel.dates import format_date
from babel.numbers import format_currency, format_decimal, format_percent

from services.membership import svg
from services.membership.directory import country_name
from services.membership.growing import Growth, GrowthReport, by_year
from services.membership.growth_words import NO_MEMBERS, STAGES, WORDS
from shared.i18n import Language, gettext
from shared.money import Money

_MOST_ROWS = 25
"""Bars a reader can still compare; the tables have them all."""


def _movement(report: GrowthReport, language: Language) -> str:
    form = "yyyy" if by_year(report.since, report.until) else "MMM yy"
    rows = [
        svg.Row(
            label=format_date(one.since, form, locale=language),
            values=(one.joined, -one.left),
            note=_number(language)(one.members),
        )
        for one in report.growth.intervals
    ]
    series = (_said(language, "joined"), _said(language, "left"))
    return svg.columns(_chart(report, language, "movement", rows, series=series, shown=_size(language)))


def _countries(report: GrowthReport, language: Language) -> str:
    moved = {code: one for code, one in report.growth.countries.items() if one.joined or one.left}
    most = sorted(moved, key=lambda code: (-moved[code].net, code))
    kept = most if len(most) <= _MOST_ROWS else [*most[: _MOST_ROWS - _MOST_ROWS // 2], *most[-(_MOST_ROWS // 2) :]]
    rows = [
        svg.Row(
            label=country_name(code, language),
            values=(moved[code].joined, -moved[code].left),
            note=f"{moved[code].net:+d}",
        )
        for code in kept
    ]
    series = (_said(language, "joined"), _said(language, "left"))
    return svg.bars(_chart(report, language, "countries", rows, series=series, shown=_size(language)))


def _retention(report: GrowthReport, language: Language) -> str:
    rows = [
        svg.Row(
            label=str(one.year),
            values=(one.retention,),
            note=f"{format_percent(one.retention, locale=language)} ({one.remaining[-1][1]}/{one.joined})",
        )
        for one in report.growth.cohorts[-_MOST_ROWS:]
    ]
    chart = _chart(report, language, "retention", rows, shown=lambda part: format_percent(part, locale=language))
    return svg.bars(replace(chart, least_step=0.1))


def _funnel(report: GrowthReport, language: Language) -> str:
    opened = report.funnel
    reached = [(one.stage, one.reached) for one in opened.passages] + [("admitted", opened.admitted)]
    rows = [
        svg.Row(label=gettext(language, STAGES[stage]), values=(number,), note=_number(language)(number))
        for stage, number in reached
        if opened.opened
    ]
    return svg.bars(_chart(report, language, "funnel", rows, shown=_number(language)))


def _dues(report: GrowthReport, language: Language) -> str:
    """Currencies can't share an axis of amounts, so each is drawn as the part that came in."""
    rows = [
        svg.Row(
            label=_written(one.asked, language),
            values=(one.rate,),
            note=format_percent(one.rate, locale=language),
        )
        for one in report.billing.total
        if one.rate is not None
    ]
    chart = _chart(report, language, "dues", rows, shown=lambda part: format_percent(part, locale=language))
    return svg.bars(replace(chart, least_step=0.1))


CHARTS: dict[str, Callable[[GrowthReport, Language], str]] = {
    "movement": _movement,
    "countries": _countries,
    "retention": _retention,
    "funnel": _funnel,
    "dues": _dues,
}
"""Each chart by its name."""


def chart(report: GrowthReport, name: str, language: Language) -> str:
    """One chart of the report as SVG."""
    return CHARTS[name](report, language)


def _chart(
    report: GrowthReport,
    language: Language,
    name: str,
    rows: list[svg.Row],
    *,
    series: tuple[str, ...] = (),
    shown: Callable[[float], str],
) -> svg.Chart:
    title, description, labels, values = (gettext(language, sentence) for sentence in WORDS[name])
    figures = _figures(report.growth, report, language)
    return svg.Chart(
        title=title.format_map(figures),
        description=description.format_map(figures),
        language=language,
        label_axis=labels,
        value_axis=values,
        series=series,
        rows=rows,
        empty=gettext(language, NO_MEMBERS),
        shown=shown,
    )


def _figures(growth: Growth, report: GrowthReport, language: Language) -> dict[str, str]:
    days = {name: format_date(getattr(report, name), locale=language) for name in ("since", "until")}
    whole = growth.total
    counts = {name: _number(language)(getattr(whole, name)) for name in ("at_start", "joined", "left", "at_end")}
    return days | counts | {"opened": _number(language)(report.funnel.opened)}


def _written(amount: Money, language: Language) -> str:
    return format_currency(Decimal(amount.amount), amount.currency, "¤¤ #,##0.00", locale=language)


def _said(language: Language, word: str) -> str:
    return gettext(language, {"joined": "Joined", "left": "Left"}[word])


def _number(language: Language) -> Callable[[float], str]:
    return lambda number: format_decimal(number, locale=language)


def _size(language: Language) -> Callable[[float], str]:
    """Those who left are drawn below zero, and are no fewer than none."""
    return lambda number: format_decimal(abs(number), locale=language)
