"""Take files in, with a report per row."""

import csv
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from intercoop.instance import Instance
from services.membership import operations
from services.membership.findings import explain
from services.membership.importing import import_register
from services.membership.model import ImportRun
from services.membership.registers.encoding import UnreadableFile
from services.membership.registers.profile import ProfileError, load_profile
from shared.database import connect
from shared.errors import DomainError

COUNTS = ("rows", "created", "updated", "unchanged", "in_review", "rejected", "flagged_identifiers", "gone")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@click.group
def command() -> None:
    """Take files in, with a report per row."""


@command.command
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--profile", "profile_name", required=True, help="a shipped profile's name, or a profile's file")
@click.option("--dry-run", is_flag=True, help="say what would happen, and change nothing")
@click.option("--allow-gone", is_flag=True, help="mark what the file lacks as gone, however much it is")
@click.option("--report", type=click.Path(path_type=Path, dir_okay=False), help="write what is to be said about rows")
@click.option("--json", "as_json", is_flag=True, help="print one JSON object")
def registry(
    *, file: Path, profile_name: str, dry_run: bool, allow_gone: bool, report: Path | None, as_json: bool
) -> None:
    """Take the file of a register of cooperatives in: new, changed and gone ones; the same file again does nothing.

    docs/registry-profiles.md says how to write a profile for another register.
    """
    started = time.monotonic()
    with _explained(), _Bars(quiet=as_json) as bars:
        run = import_register(
            connect(Instance.load().services["membership"].database_url),
            file,
            load_profile(profile_name),
            profile_name=Path(profile_name).stem,
            actor="intercoop import",
            dry_run=dry_run,
            allow_gone=allow_gone,
            progress=bars.show,
            look=_Report(report).write,
        )
    seconds = round(time.monotonic() - started, 2)
    if as_json:
        click.echo(json.dumps({name: getattr(run, name) for name in COUNTS} | {"seconds": seconds}))
    else:
        _print(run, seconds, dry_run=dry_run)
    _warn(run)


def _print(run: ImportRun, seconds: float, *, dry_run: bool) -> None:
    click.echo(
        f"{run.register}: {run.rows:,} rows in {seconds} s{', nothing was changed (dry run)' if dry_run else ''}"
    )
    for name in COUNTS[1:]:
        click.echo(f"  {name.replace('_', ' '):<20}{getattr(run, name):>9,}")


def _warn(run: ImportRun) -> None:
    if run.missing > run.gone:
        click.echo(
            f"{run.missing:,} organizations of {run.register} are not in this file, too many for a complete one; none "
            "was marked as gone. If the file is complete, run again with --allow-gone.",
            err=True,
        )


@contextmanager
def _explained() -> Iterator[None]:
    """Turns what an operator can put right into one line and a status."""
    try:
        yield
    except (ProfileError, UnreadableFile, DomainError) as error:
        raise click.ClickException(str(error)) from error
    except OperationalError as error:
        raise click.ClickException(f"the membership database can't be used: {error.orig}") from error
    except KeyboardInterrupt:
        click.echo("Interrupted. What was read is kept; the same command again goes on from there.", err=True)
        raise SystemExit(130) from None


class _Bars:
    """Progress of reading and comparing, on the error stream; a context manager."""

    def __init__(self, *, quiet: bool) -> None:
        columns = TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f}%")
        console = Console(stderr=True, quiet=quiet)
        self._progress = Progress(*columns, TimeElapsedColumn(), console=console, transient=True)
        self._tasks: dict[str, TaskID] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._progress.stop()

    def show(self, what: str, done: int, total: int) -> None:
        self._progress.start()
        if what not in self._tasks:
            self._tasks[what] = self._progress.add_task(what, total=total)
        self._progress.update(self._tasks[what], completed=done, total=total)


class _Report:
    """Rows that were rejected, are in review or carry a flag, as CSV that is safe to open in a spreadsheet."""

    def __init__(self, path: Path | None) -> None:
        """Refuses a place that can't be written to before anything is read."""
        self._path = path
        if path is not None:
            try:
                path.open("a").close()
            except OSError as error:
                raise click.ClickException(f"{path} can't be written: {error.strerror}") from error

    def write(self, session: Session, run: ImportRun) -> None:
        if self._path is None:
            return
        found = operations.findings(session, import_id=run.id).execution_options(yield_per=1000)
        with self._path.open("w", encoding="utf-8-sig", newline="") as file:
            table = csv.writer(file)
            table.writerow(["line", "key", "column", "outcome", "reason", "explanation"])
            for one in session.scalars(found.order_by("line", "id")):
                words = (one.key, one.column, one.kind, one.reason, explain(one, "en"))
                table.writerow([one.line, *(f"'{word}" if word.startswith(_FORMULA) else word for word in words)])
