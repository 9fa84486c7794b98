"""How well organizations that are one are told from those that are two."""

import json
import time
from collections import Counter
from pathlib import Path
from typing import Any

import click

from services.membership.labelled import SHIPPED, Judged, Quality, UnreadablePairs, judge, read_pairs
from services.membership.matching import Pair
from services.membership.register_pairs import Compared, compare_register
from services.membership.registers.encoding import UnreadableFile
from services.membership.registers.profile import ProfileError, load_profile
from services.membership.scoring import Level, Score, Signal
from services.membership.signals import SENTENCES

LEVELS: tuple[Level, ...] = ("certain", "likely", "possible")
SHOWN = 20


@click.command
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option("--profile", "profile_name", help="how FILE is written: a shipped profile's name, or a profile's file")
@click.option(
    "--pairs", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="a labelled list of your own"
)
@click.option("--all", "show_all", is_flag=True, help="print every pair of FILE, not the first twenty alone")
@click.option("--json", "as_json", is_flag=True, help="print one JSON object")
def command(*, file: Path | None, profile_name: str | None, pairs: Path | None, show_all: bool, as_json: bool) -> None:
    """Measure how duplicates are found, on a labelled list of names; or list the pairs of a register's FILE.

    Without FILE: precision and recall on the list that comes with the product, or on --pairs, and every error. With
    FILE and --profile: how many pairs the register's file puts into review, at which level. Nothing is changed.
    """
    if file is not None and profile_name is None:
        raise click.UsageError("say with --profile how FILE is written; docs/registry-profiles.md explains it")
    try:
        if file is None or profile_name is None:
            _show_quality(judge(read_pairs(pairs or SHIPPED)), as_json=as_json)
        else:
            _show_register(file, profile_name, show_all=show_all, as_json=as_json)
    except (UnreadablePairs, UnreadableFile, ProfileError) as error:
        raise click.ClickException(str(error)) from error


def _show_quality(quality: Quality, *, as_json: bool) -> None:
    figures = {
        "pairs": len(quality.judged),
        "same": quality.same,
        "proposed": quality.proposed,
        "right": quality.right,
        "precision": round(quality.precision, 4),
        "recall": round(quality.recall, 4),
    }
    if as_json:
        click.echo(json.dumps(figures | {"errors": [_error(one) for one in quality.errors]}, ensure_ascii=False))
        return
    click.echo(f"{figures['pairs']} pairs, {quality.same} of them the same; {quality.proposed} proposed")
    click.echo(f"  precision {quality.precision:.3f}   recall {quality.recall:.3f}")
    for one in quality.errors:
        said = "proposed, and different" if one.proposed else "missed"
        click.echo(f"  {said}: {one.pair.first} | {one.pair.second} ({one.pair.about})")
        click.echo(f"      {one.score.points}: {_signals(one.score)}")


def _error(one: Judged) -> dict[str, Any]:
    names = {"first": one.pair.first, "second": one.pair.second, "about": one.pair.about}
    return names | {"same": one.pair.same, "proposed": one.proposed, **_told(one.score)}


def _show_register(file: Path, profile_name: str, *, show_all: bool, as_json: bool) -> None:
    started = time.monotonic()
    compared = compare_register(file, load_profile(profile_name))
    seconds = round(time.monotonic() - started, 2)
    levels = Counter(pair.score.level for pair in compared.pairs)
    if as_json:
        figures: dict[str, Any] = {"rows": compared.rows, "rejected": compared.rejected, "seconds": seconds}
        figures["levels"] = {level: levels[level] for level in LEVELS}
        click.echo(json.dumps(figures | {"pairs": [_pair(one) for one in compared.pairs]}, ensure_ascii=False))
        return
    click.echo(f"{compared.rows:,} rows, {compared.rejected:,} rejected, {len(compared.pairs):,} pairs in {seconds} s")
    click.echo("  " + "   ".join(f"{level} {levels[level]:,}" for level in LEVELS))
    _print_pairs(compared, show_all=show_all)


def _print_pairs(compared: Compared, *, show_all: bool) -> None:
    shown = compared.pairs if show_all else compared.pairs[:SHOWN]
    for pair in shown:
        click.echo(f"  {pair.score.level} {pair.score.points}: {pair.first.name} | {pair.second.name}")
        click.echo(f"      {_signals(pair.score)}")
    if len(shown) < len(compared.pairs):
        click.echo(f"  and {len(compared.pairs) - len(shown):,} more; --all prints them")


def _pair(pair: Pair) -> dict[str, Any]:
    return {"first": pair.first.name, "second": pair.second.name, **_told(pair.score)}


def _told(score: Score) -> dict[str, Any]:
    signals = [{"code": one.code, "weight": one.weight, "text": _sentence(one)} for one in score.signals]
    return {"score": score.points, "level": score.level, "signals": signals}


def _signals(score: Score) -> str:
    return ", ".join(f"{one.code} {one.weight:+}" for one in score.signals)


def _sentence(signal: Signal) -> str:
    return SENTENCES[signal.code].format(**signal.params)
