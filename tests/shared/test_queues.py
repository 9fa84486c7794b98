"""What RabbitMQ says of a queue that is not to be had, in its own words (seen with 3.10.8)."""

from typing import Any

import pytest
from amqp.exceptions import NotFound

from shared.messaging.link import CHANNEL_ERRORS
from shared.messaging.queues import stream_exists

MISSING = "NOT_FOUND - no queue 'membership.events' in vhost '/'"
STARTING = "NOT_FOUND - home node 'a@b' of durable queue 'membership.events' in vhost '/' is down or inaccessible"


class Refusing:
    """A link whose broker answers every question so."""

    def __init__(self, text: str) -> None:
        self.text = text

    def another_channel(self) -> "Refusing":
        return self

    def queue_declare(self, *_: object, **__: object) -> None:
        raise NotFound(self.text)


def test_a_stream_that_never_was_is_missing() -> None:
    link: Any = Refusing(MISSING)
    assert not stream_exists(link, "membership.events")


def test_a_stream_of_a_broker_that_is_starting_is_not_taken_for_missing() -> None:
    """Trap: RabbitMQ calls that not found as well, and a catching-up would pass by all that is in it."""
    link: Any = Refusing(STARTING)
    with pytest.raises(CHANNEL_ERRORS, match="down or inaccessible"):
        stream_exists(link, "membership.events")
