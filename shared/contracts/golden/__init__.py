"""The contracts as they were promised: one JSON Schema per event and version, beside which the classes are held.

Each file keeps an example of every edition its version went through, so that old events stay readable.
"""

import json
from collections.abc import Iterable
from pathlib import Path

from shared.contracts import Event
from shared.contracts.compatibility import breaks
from shared.contracts.schemas import Schema, schema

FOLDER = Path(__file__).parent


class Broken(Exception):  # noqa: N818 -- what happened to the contract
    """The class no longer keeps what its golden schema promised."""


def path(event: type[Event], folder: Path = FOLDER) -> Path:
    """Where the event's golden schema is, written or not."""
    return folder / f"{event.routing_key()}.json"


def read(event: type[Event], folder: Path = FOLDER) -> Schema:
    """The golden schema.

    Raises:
        FileNotFoundError: for an event that was never promised.
    """
    golden: Schema = json.loads(path(event, folder).read_text())
    return golden


def current(event: type[Event], folder: Path = FOLDER) -> Schema:
    """The schema to promise now: of the class as it stands, with the examples of all earlier editions."""
    new = schema(event)
    if not path(event, folder).exists():
        return new
    old = read(event, folder)
    if why := breaks(old, new):
        raise Broken(f"{event.routing_key()}: {'; '.join(why)}. Publish the next version beside it instead.")
    earlier = [known for known in old["examples"] if known not in new["examples"]]
    return new | {"examples": [*new["examples"], *earlier]}


def stale(events: Iterable[type[Event]], folder: Path = FOLDER) -> list[type[Event]]:
    """Events whose golden schema is missing, or compatible but no longer what the class says."""
    return [e for e in events if not path(e, folder).exists() or read(e, folder) != current(e, folder)]


def write(event: type[Event], folder: Path = FOLDER) -> Path:
    """Promise the class as it stands.

    Raises:
        Broken: when an earlier promise would not be kept; nothing is written then.
    """
    text = json.dumps(current(event, folder), indent=2, ensure_ascii=False) + "\n"
    path(event, folder).write_text(text)
    return path(event, folder)
