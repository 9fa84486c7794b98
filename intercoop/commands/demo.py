"""Win a member and watch the other services act on it."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from intercoop.client import Refused as FeedRefused
from intercoop.client import Unreachable
from intercoop.demo.api import NotRunning, Refused
from intercoop.demo.log import Line, Log, NotSeen
from intercoop.demo.story import SAMPLE, SAMPLE_PROFILE, ImportFailed, NobodyToWin, Story
from intercoop.instance import SERVICES, Instance, home
from shared.settings import MissingSetting

_EXPECTED = (Refused, NotRunning, ImportFailed, NobodyToWin, NotSeen, FeedRefused, Unreachable)


@click.command
@click.argument("registry_file", type=click.Path(path_type=Path, exists=True, dir_okay=False), required=False)
@click.option("--profile", help="how the file is written: a shipped profile or a file  [default for a file: ar-inaes]")
@click.option("--token", envvar="INTERCOOP_TOKEN", help="of a staff member; left out: signed with the local key")
@click.option("--json", "as_json", is_flag=True, help="print one JSON object")
def command(*, registry_file: Path | None, profile: str | None, token: str | None, as_json: bool) -> None:
    """Take a register in, win one of its cooperatives as a member, and show what each service published and did.

    Without REGISTRY_FILE it takes a small register of invented cooperatives. It needs a running system and can be
    run again: each time another cooperative is won. Mail goes only to addresses that can't be anybody's.
    """
    if profile and not registry_file:
        raise click.UsageError("--profile says how REGISTRY_FILE is written, and there is none")
    instance = _running_instance()
    console = Console(stderr=True, quiet=as_json)
    with console.status("starting") as status:
        story = Story(
            instance,
            token=token or instance.token(),
            log=Log(tell=status.update),
        )
        try:
            story.run(registry_file or SAMPLE, profile or ("ar-inaes" if registry_file else str(SAMPLE_PROFILE)))
        except _EXPECTED as error:
            raise click.ClickException(str(error)) from error
    _print_json(story) if as_json else _print(story, instance)


def _running_instance() -> Instance:
    try:
        return Instance.load()
    except MissingSetting as missing:
        raise click.ClickException(f"nothing is running in {home()}: `intercoop up` starts it ({missing})") from missing


def _print_json(story: Story) -> None:
    said: dict[str, Any] = {name: [_plain(line) for line in story.log.of(name)] for name in SERVICES}
    click.echo(json.dumps(story.facts | {"services": said}, ensure_ascii=False, indent=2))


def _plain(line: Line) -> dict[str, Any]:
    return asdict(line) | {"at": line.at.isoformat()}


def _print(story: Story, instance: Instance) -> None:
    console = Console()
    for service in SERVICES:
        table = Table(title=service, title_justify="left", title_style="bold", show_header=False, box=None)
        table.add_column(no_wrap=True)
        table.add_column(no_wrap=True)
        table.add_column(overflow="fold")
        for line in story.log.of(service):
            table.add_row(f"{line.at:%H:%M:%S.%f}"[:-3], line.what, _text(line))
        console.print(table, "")
    console.print(f"joined by correlation id {story.correlation_id}", highlight=False)
    if instance.mail:
        console.print("the mails themselves: `intercoop mail 2` and `1`", highlight=False)


def _text(line: Line) -> str:
    return line.text if line.seconds is None else f"{line.text} ({line.seconds:.2f} s after {line.after})"
