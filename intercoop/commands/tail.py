"""The event streams as an integrator sees them: through the feeds of the running services."""

import threading
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from queue import Empty, SimpleQueue

import click

from intercoop.client import Cursor, Event, Feed, Refused
from intercoop.instance import SERVICES, Instance
from shared.messaging.feed import is_known

LOOK_SECONDS = 0.2
"""How soon Ctrl-C is noticed; a wait without end would block it on some systems."""


class Start(click.ParamType):  # type: ignore[type-arg] # click is only generic in its stubs
    """first, latest, a position, or a date with or without time; without a time zone it is UTC."""

    name = "first|latest|DATE|POSITION"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str | datetime:
        if isinstance(value, datetime):
            return value
        if value in ("first", "latest") or str(value).isdigit():
            return str(value)
        try:
            moment = datetime.fromisoformat(str(value))
        except ValueError:
            self.fail(f"{value!r} is neither first, latest, a position nor a date", param, ctx)
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


@click.command
@click.argument("pattern", default="#")
@click.option("--from", "start", type=Start(), default="latest", show_default=True, help="where to begin")
@click.option("--limit", type=click.IntRange(1), help="end after so many events")
@click.option("--token", envvar="INTERCOOP_TOKEN", help="with scope feed:read; left out: signed with the local key")
@click.option("--json", "as_json", is_flag=True, help="print each event as it is, one CloudEvent a line")
def command(*, pattern: str, start: str | datetime, limit: int | None, token: str | None, as_json: bool) -> None:
    """Print public events as they happen.

    PATTERN is a topic as in AMQP: * stands for one word, # for any number. Every topic ends in its major version, so
    'membership.member.#' and 'membership.member.admitted.*' find something, membership.member.admitted does not.
    """
    services = [name for name in SERVICES if is_known(pattern, name)]
    if not services:
        raise click.UsageError(f"no public event matches {pattern!r}; each service lists its own at /schemas")
    if isinstance(start, str) and start.isdigit() and len(services) > 1:
        raise click.UsageError("positions are counted per service, and the pattern matches several")
    instance = Instance.load()
    granted = token or instance.token(scopes=("feed:read",))
    feeds = [Feed(instance.services[name].url, token=lambda: granted) for name in services]
    try:
        for count, event in enumerate(_merged(feeds, pattern, start), start=1):
            click.echo(event.to_json() if as_json else _line(event))
            if count == limit:
                return
    except Refused as refused:
        raise click.ClickException(str(refused)) from refused
    except KeyboardInterrupt:
        return


def _merged(feeds: list[Feed], pattern: str, start: str | datetime) -> Iterator[Event]:
    """Events of all feeds as they come."""
    arrived: SimpleQueue[Event | Exception] = SimpleQueue()

    def follow(feed: Feed) -> None:
        told: set[str] = set()

        def tell(trouble: str) -> None:
            if trouble not in told:
                told.add(trouble)
                click.echo(f"{trouble}; trying again", err=True)

        try:
            for event in feed.follow(Cursor(start=start), types=[pattern], compacted=True, trouble=tell):
                told.clear()
                arrived.put(event)
        except Exception as error:  # noqa: BLE001 -- raised again by the thread that prints
            arrived.put(error)

    for feed in feeds:
        threading.Thread(target=follow, args=(feed,), daemon=True).start()
    while True:
        with suppress(Empty):
            event = arrived.get(timeout=LOOK_SECONDS)
            if isinstance(event, Exception):
                raise event
            yield event


def _line(event: Event) -> str:
    """When, what, about what, which of its subject; then the fact."""
    moment = event.time.astimezone(UTC).isoformat(timespec="seconds") if event.time else "-"
    mark = " sandbox" if event.attributes.get("sandbox") else ""
    facts = " ".join(f"{name}={value}" for name, value in (event.data or {}).items() if value is not None)
    topic = event.type.removeprefix("coop.intercoop.")
    return f"{moment} {topic} {event.subject} #{event.attributes.get('subjectversion', '-')}{mark} {facts}"
