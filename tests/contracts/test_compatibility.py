"""Each kind of change that would break a reader or an old event is caught; harmless ones pass."""

from typing import Literal

import pytest

from shared.contracts import Event
from shared.contracts.compatibility import breaks
from shared.contracts.schemas import schema


class Placed(Event, topic="shop.order.placed", subject="order_id"):
    """As promised."""

    order_id: str
    lines: int
    state: Literal["open", "closed"]
    note: str = ""


class Described(Event, topic="shop.order.placed", subject="order_id"):
    """Other words, same contract."""

    order_id: str
    lines: int
    state: Literal["closed", "open"]
    note: str = ""
    channel: str | None = None


class Removed(Event, topic="shop.order.placed", subject="order_id"):
    order_id: str
    state: Literal["open", "closed"]
    note: str = ""


class Renamed(Event, topic="shop.order.placed", subject="order_id"):
    order_id: str
    line_count: int
    state: Literal["open", "closed"]
    note: str = ""


class Demanding(Event, topic="shop.order.placed", subject="order_id"):
    order_id: str
    lines: int
    state: Literal["open", "closed"]
    note: str = ""
    channel: str


class Tightened(Event, topic="shop.order.placed", subject="order_id"):
    order_id: str
    lines: int
    state: Literal["open", "closed"]
    note: str


class Loosened(Event, topic="shop.order.placed", subject="order_id"):
    order_id: str
    lines: int = 0
    state: Literal["open", "closed"]
    note: str = ""


class Retyped(Event, topic="shop.order.placed", subject="order_id"):
    order_id: str
    lines: str
    state: Literal["open", "closed"]
    note: str = ""


class Nullable(Event, topic="shop.order.placed", subject="order_id"):
    order_id: str
    lines: int | None
    state: Literal["open", "closed"]
    note: str = ""


class Narrowed(Event, topic="shop.order.placed", subject="order_id"):
    order_id: str
    lines: int
    state: Literal["open"]
    note: str = ""


class Widened(Event, topic="shop.order.placed", subject="order_id"):
    order_id: str
    lines: int
    state: Literal["open", "closed", "lost"]
    note: str = ""


class Reinterpreted(Event, topic="shop.order.placed", subject="order_id"):
    order_id: str
    lines: int
    state: Literal["open", "closed"]
    note: str = "none"


class Moved(Event, topic="shop.order.opened", subject="order_id"):
    order_id: str
    lines: int
    state: Literal["open", "closed"]
    note: str = ""


class Resubjected(Event, topic="shop.order.placed", subject="note"):
    order_id: str
    lines: int
    state: Literal["open", "closed"]
    note: str = ""


class Hidden(Event, topic="shop.order.placed", subject="order_id", visibility="internal"):
    order_id: str
    lines: int
    state: Literal["open", "closed"]
    note: str = ""


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        (Removed, "field lines was removed or renamed"),
        (Renamed, "field lines was removed or renamed"),
        (Demanding, "field channel is required, but old events may lack it"),
        (Tightened, "field note is required, but old events may lack it"),
        (Loosened, "field lines may be absent, but old readers need it"),
        (Retyped, "field lines: type changed"),
        (Nullable, "field lines: type changed"),
        (Narrowed, "field state: old events may carry ['closed']"),
        (Widened, "field state: old readers refuse the new value ['lost']"),
        (Reinterpreted, "field note: default changed"),
        (Moved, "topic changed"),
        (Resubjected, "subject changed"),
        (Hidden, "visibility changed"),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else "",
)
def test_a_breaking_change_is_caught(changed: type[Event], why: str) -> None:
    assert any(found.startswith(why) for found in breaks(schema(Placed), schema(changed)))


def test_new_words_and_a_field_that_may_be_absent_break_nobody() -> None:
    assert breaks(schema(Placed), schema(Described)) == []
