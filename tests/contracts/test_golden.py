"""What was promised to readers is kept, for every event and every edition of it."""

import importlib
import inspect
import json
import pkgutil
from pathlib import Path

import jsonschema_rs
import msgspec
import pytest

import shared.contracts
from shared.contracts import Event
from shared.contracts.catalogue import BY_PUBLISHER, BY_TYPE
from shared.contracts.examples import example
from shared.contracts.golden import FOLDER, Broken, current, path, read, stale, write
from shared.contracts.golden.__main__ import main
from shared.contracts.schemas import schema

EVENTS = sorted(BY_TYPE.values(), key=lambda event: event.routing_key())
NAMES = [event.routing_key() for event in EVENTS]


def subclasses(of: type[Event]) -> set[type[Event]]:
    direct = set(of.__subclasses__())
    return direct.union(*map(subclasses, direct))


def test_every_event_class_is_in_the_catalogue_of_its_publisher() -> None:
    for module in pkgutil.walk_packages(shared.contracts.__path__, "shared.contracts."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    written = {e for e in subclasses(Event) if e.__module__.startswith("shared.contracts.") and "topic" in vars(e)}
    assert written == set(BY_TYPE.values())
    for publisher, events in BY_PUBLISHER.items():
        assert {event.publisher() for event in events} <= {publisher}


def test_no_two_events_share_a_type_or_version() -> None:
    assert len(BY_TYPE) == sum(map(len, BY_PUBLISHER.values()))


@pytest.mark.parametrize("event", EVENTS, ids=NAMES)
def test_the_golden_schema_is_kept_and_written(event: type[Event]) -> None:
    assert not stale([event]), "run: python -m shared.contracts.golden --write"


@pytest.mark.parametrize("event", EVENTS, ids=NAMES)
def test_no_description_depends_on_how_python_keeps_docstrings(event: type[Event]) -> None:
    """Trap: 3.13 takes their indentation away, and 3.11 does not."""
    description = schema(event)["description"]
    assert description
    assert description == inspect.cleandoc(description)


def test_a_promise_is_not_dropped_with_its_class() -> None:
    assert {file.name for file in FOLDER.glob("*.json")} == {path(event).name for event in EVENTS}


@pytest.mark.parametrize("event", EVENTS, ids=NAMES)
def test_every_edition_recorded_is_read_by_the_class_of_today(event: type[Event]) -> None:
    golden = read(event)
    for recorded in golden["examples"]:
        jsonschema_rs.Draft202012Validator(golden, validate_formats=True).validate(recorded)
        assert isinstance(msgspec.convert(recorded, event, strict=True), event)


@pytest.mark.parametrize("event", EVENTS, ids=NAMES)
def test_a_field_of_tomorrow_does_not_stop_the_reader_of_today(event: type[Event]) -> None:
    tomorrow = schema(event)["examples"][0] | {"field_of_tomorrow": {"deep": [1, None]}}
    jsonschema_rs.validate(read(event), tomorrow)
    assert msgspec.json.decode(json.dumps(tomorrow), type=event) == example(event)


@pytest.mark.parametrize("event", EVENTS, ids=NAMES)
def test_the_schema_itself_is_valid_described_and_flat(event: type[Event]) -> None:
    golden = read(event)
    jsonschema_rs.meta.validate(golden)
    assert golden["description"]
    assert "$defs" not in golden
    assert "$ref" not in json.dumps(golden["properties"])
    assert event.subject_field in golden["required"]


class Edition(Event, topic="shop.order.placed", subject="order_id"):
    """The first edition."""

    order_id: str
    state: str


class Grown(Event, topic="shop.order.placed", subject="order_id"):
    """The second edition."""

    order_id: str
    state: str
    note: str | None = None


class Shrunk(Event, topic="shop.order.placed", subject="order_id"):
    """Drops what the second edition promised, though the first never had it."""

    order_id: str
    state: str


def test_a_new_optional_field_is_written_and_the_older_edition_stays_recorded(tmp_path: Path) -> None:
    write(Edition, tmp_path)
    assert stale([Grown], tmp_path) == [Grown]
    write(Grown, tmp_path)
    assert stale([Grown], tmp_path) == []
    recorded = read(Grown, tmp_path)["examples"]
    assert [sorted(data) for data in recorded] == [["note", "order_id", "state"], ["order_id", "state"]]
    assert all(msgspec.convert(data, Grown) for data in recorded)


class Listed(Event, topic="shop.order.placed", subject="order_id"):
    """An edition with a list that may be absent."""

    order_id: str
    state: str
    lines: tuple[str, ...] = ()


def test_a_list_that_may_be_absent_is_kept_as_it_was_written(tmp_path: Path) -> None:
    write(Edition, tmp_path)
    write(Listed, tmp_path)
    assert stale([Listed], tmp_path) == []


def test_an_incompatible_schema_is_never_written_over(tmp_path: Path) -> None:
    write(Edition, tmp_path)
    before = write(Grown, tmp_path).read_bytes()
    with pytest.raises(Broken, match="field note was removed"):
        write(Shrunk, tmp_path)
    with pytest.raises(Broken, match="next version"):
        current(Shrunk, tmp_path)
    assert path(Shrunk, tmp_path).read_bytes() == before


def test_the_command_finds_nothing_to_write() -> None:
    assert main([]) is None


def test_the_schema_says_what_the_contract_fixes() -> None:
    assert {k: v for k, v in schema(Grown).items() if k.startswith(("$", "x-"))} == {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:intercoop:schema:shop.order.placed.v1",
        "x-type": "coop.intercoop.shop.order.placed.v1",
        "x-topic": "shop.order.placed",
        "x-version": 1,
        "x-visibility": "public",
        "x-subject": "order/{order_id}",
    }
