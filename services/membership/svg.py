"""Bar charts as SVG: no library, no script, no font of ours; a title and a description for who can't see them. Pure."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from math import floor, log10

MEDIA_TYPE = "image/svg+xml; charset=utf-8"

COLOURS = ("#1b6ca8", "#c8553d")
"""Told apart by who sees no red or green, and in print."""

_INK, _FAINT = "#222222", "#d0d0d0"
_LEFT, _RIGHT, _TOP, _BOTTOM = 200, 90, 78, 62
_WIDTH, _PLOT_HEIGHT = 900, 320
_ROW = 30
_COLUMN_LEFT = 70
_LABEL_LENGTH = 28
_TICKS = 5
_MOST_LABELS = 12


@dataclass(frozen=True, kw_only=True)
class Row:
    """A labelled place on the axis, a value for each series, and what is written beside it."""

    label: str
    values: Sequence[float]
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Chart:
    """What a chart says. Values below zero go the other way; `shown` writes a number as the reader's language does."""

    title: str
    description: str
    language: str
    label_axis: str
    value_axis: str
    series: Sequence[str]
    rows: Sequence[Row]
    empty: str
    shown: Callable[[float], str]
    least_step: float = 1
    """Between two marks of the axis: of what is counted there are no halves."""


def bars(chart: Chart) -> str:
    """Lying bars, a row each, for names that need room."""
    height = _TOP + max(1, len(chart.rows)) * _ROW + _BOTTOM
    scale = _Scale(chart, start=_LEFT, end=_WIDTH - _RIGHT)
    bottom = height - _BOTTOM
    parts = [*_head(chart, height), *_vertical_grid(chart, scale, bottom)]
    for number, row in enumerate(chart.rows):
        middle = _TOP + number * _ROW + _ROW / 2
        parts.append(_text(_LEFT - 10, middle + 4, _short(row.label), anchor="end"))
        parts += _lying(row, scale, middle - _ROW / 3)
    parts.append(_axis(scale.zero, _TOP, scale.zero, bottom))
    parts.append(_text((_LEFT + _WIDTH - _RIGHT) / 2, height - 14, chart.value_axis, anchor="middle"))
    parts.append(_text(_LEFT - 10, _TOP - 10, chart.label_axis, anchor="end"))
    return "\n".join([*parts, "</svg>"])


def columns(chart: Chart) -> str:
    """Standing bars, for what follows in time."""
    height, bottom = _TOP + _PLOT_HEIGHT + _BOTTOM, _TOP + _PLOT_HEIGHT
    scale = _Scale(chart, start=bottom, end=_TOP)
    parts = [*_head(chart, height), *_level_grid(chart, scale)]
    step = (_WIDTH - _COLUMN_LEFT - 30) / max(1, len(chart.rows))
    every = -(-len(chart.rows) // _MOST_LABELS) or 1
    for number, row in enumerate(chart.rows):
        left = _COLUMN_LEFT + number * step
        parts += _standing(row, scale, left + step * 0.15, step * 0.7)
        if number % every == 0:
            parts.append(_text(left + step / 2, bottom + 18, row.label, anchor="middle"))
    parts.append(_axis(_COLUMN_LEFT, scale.zero, _WIDTH - 30, scale.zero))
    parts.append(_text((_COLUMN_LEFT + _WIDTH - 30) / 2, height - 14, chart.label_axis, anchor="middle"))
    parts.append(_text(12, _TOP - 14, chart.value_axis))
    return "\n".join([*parts, "</svg>"])


class _Scale:
    """Where a value lies between two ends of the drawing, and round values to mark; zero is always there."""

    def __init__(self, chart: Chart, *, start: float, end: float) -> None:
        values = [value for row in chart.rows for value in row.values] or [0]
        low, high = min(0, *values), max(0, *values)
        self.step = max(chart.least_step, _round_step((high - low or 1) / _TICKS))
        self.low = floor(low / self.step) * self.step
        self.high = max(-floor(-high / self.step) * self.step, self.low + self.step)
        self._start, self._size = start, end - start

    def __call__(self, value: float) -> float:
        return self._start + (value - self.low) / (self.high - self.low) * self._size

    @property
    def zero(self) -> float:
        return self(0)

    @property
    def ticks(self) -> Iterator[float]:
        number = round((self.high - self.low) / self.step)
        return (round(self.low + each * self.step, 10) for each in range(number + 1))


def _round_step(least: float) -> float:
    power = 10 ** floor(log10(least))
    return next(float(power * times) for times in (1, 2, 5, 10) if power * times >= least * (1 - 1e-9))


def _head(chart: Chart, height: float) -> Iterator[str]:
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height:g}" width="{_WIDTH}" '
        f'height="{height:g}" role="img" aria-labelledby="title desc" lang="{chart.language}" '
        f'font-family="system-ui, sans-serif" font-size="13" fill="{_INK}">'
    )
    yield f'<title id="title">{escape(chart.title)}</title>'
    yield f'<desc id="desc">{escape(chart.description)}</desc>'
    yield f'<rect width="{_WIDTH}" height="{height:g}" fill="#ffffff"/>'
    yield _text(12, 26, chart.title, size=18)
    yield from _legend(chart.series)
    if not chart.rows:
        yield _text(_WIDTH / 2, _TOP + 20, chart.empty, anchor="middle")


def _legend(series: Sequence[str]) -> Iterator[str]:
    left = 12.0
    for name, colour in zip(series, COLOURS, strict=False):
        yield f'<rect x="{left:g}" y="38" width="12" height="12" fill="{colour}"/>'
        yield _text(left + 18, 49, name)
        left += 40 + 7.5 * len(name)


def _vertical_grid(chart: Chart, scale: _Scale, bottom: float) -> Iterator[str]:
    for tick in scale.ticks:
        at = scale(tick)
        yield f'<line x1="{at:.1f}" y1="{_TOP}" x2="{at:.1f}" y2="{bottom:g}" stroke="{_FAINT}"/>'
        yield _text(at, bottom + 18, chart.shown(tick), anchor="middle")


def _level_grid(chart: Chart, scale: _Scale) -> Iterator[str]:
    for tick in scale.ticks:
        at = scale(tick)
        yield f'<line x1="{_COLUMN_LEFT}" y1="{at:.1f}" x2="{_WIDTH - 30}" y2="{at:.1f}" stroke="{_FAINT}"/>'
        yield _text(_COLUMN_LEFT - 8, at + 4, chart.shown(tick), anchor="end")


def _lying(row: Row, scale: _Scale, top: float) -> Iterator[str]:
    for value, colour in zip(row.values, COLOURS, strict=False):
        left, right = sorted((scale.zero, scale(value)))
        yield _rect(left, top, right - left, _ROW * 2 / 3, colour)
    yield _text(scale(max(0, *row.values, 0)) + 6, top + _ROW / 3 + 4, row.note)


def _standing(row: Row, scale: _Scale, left: float, width: float) -> Iterator[str]:
    for value, colour in zip(row.values, COLOURS, strict=False):
        top, bottom = sorted((scale.zero, scale(value)))
        yield _rect(left, top, width, bottom - top, colour)
    yield _text(left + width / 2, scale(max(0, *row.values, 0)) - 5, row.note, anchor="middle", size=11)


def _rect(x: float, y: float, width: float, height: float, colour: str) -> str:
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" fill="{colour}"/>'


def _axis(x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{_INK}"/>'


def _text(x: float, y: float, words: str, *, anchor: str = "start", size: int = 13) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}">{escape(words)}</text>'


def _short(label: str) -> str:
    return label if len(label) <= _LABEL_LENGTH else f"{label[: _LABEL_LENGTH - 1]}…"
