"""A sandbox event: what an integrator's program gets when the real thing happens, without anything happening."""

import json
import secrets
from typing import Any
from uuid import UUID

import click
import msgspec

from intercoop.instance import Instance
from shared.clock import utc_now
from shared.contracts import Event
from shared.contracts.catalogue import BY_TYPE
from shared.contracts.examples import example, example_id, is_example_id
from shared.database import connect, transaction
from shared.messaging.outbox import publish
from shared.tracing import Trace

ACTOR = "sandbox"


@click.command
@click.argument("topic")
@click.option("--data", default="{}", help="JSON object with the fields that should differ from the example")
@click.option("--json", "as_json", is_flag=True, help="print one JSON object")
def command(*, topic: str, data: str, as_json: bool) -> None:
    """Publish a well-formed event of TOPIC that means nothing, such as membership.member.admitted.

    It goes the way of every event, through outbox and broker to streams and feed. It carries the attribute
    `sandbox: true` and a subject of the reserved form 00000000-0000-7000-8000-…; no subscription of ours acts on it.
    Only an instance that signs its own tokens takes it: behind an identity provider there are real readers.
    """
    event = _event(_class(topic), data)
    instance = Instance.load()
    if not instance.key_file:
        raise click.ClickException("this instance is no sandbox: its tokens come from an identity provider")
    trace = Trace(actor=ACTOR)
    engine = connect(instance.services[event.publisher()].database_url, pool_size=1)
    try:
        with transaction(engine, trace) as session:
            publish(session, event, at=utc_now(), sandbox=True)
    finally:
        engine.dispose()
    said = {"type": event.type_name(), "subject": event.subject, "correlationid": trace.correlation_id}
    said["data"] = msgspec.to_builtins(event)
    click.echo(json.dumps(said, ensure_ascii=False) if as_json else f"{said['type']} {said['subject']}")


def _class(topic: str) -> type[Event]:
    """By topic (then its newest version), by topic and version, or by type."""
    public = [event for event in BY_TYPE.values() if event.visibility == "public"]
    found = [event for event in public if topic in (event.topic, event.routing_key(), event.type_name())]
    if not found:
        known = "\n  ".join(sorted({event.topic for event in public}))
        raise click.UsageError(f"no public event has the topic {topic!r}. There are:\n  {known}")
    return max(found, key=lambda event: event.version)


def _event(kind: type[Event], data: str) -> Event:
    fields: dict[str, Any] = msgspec.to_builtins(example(kind))
    fields[kind.subject_field] = str(example_id(secrets.randbits(48)))
    changes = _object(data)
    if unknown := changes.keys() - fields.keys():
        raise click.UsageError(f"{kind.topic} has no field {', '.join(sorted(unknown))}; it has {', '.join(fields)}")
    try:
        event = msgspec.convert(fields | changes, kind)
    except msgspec.ValidationError as error:
        raise click.UsageError(f"--data: {error}") from error
    subject: UUID = getattr(event, kind.subject_field)
    if not is_example_id(subject):
        raise click.UsageError(f"{kind.subject_field} must have the reserved form {example_id(0)}")
    return event


def _object(data: str) -> dict[str, Any]:
    try:
        found = json.loads(data)
    except ValueError as error:
        raise click.UsageError(f"--data is not JSON: {error}") from error
    if not isinstance(found, dict):
        raise click.UsageError("--data must be a JSON object")
    return found
