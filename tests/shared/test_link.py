"""The connection a subscription reads by, on a real broker."""

import pytest

from shared.messaging.link import Link, Received
from tests.samples import a_channel
from tests.waiting import eventually

QUEUE = "numbers"


@pytest.mark.parametrize("answers", [[[1, 2], [1, 2, 3]], [[3, 1], [1, 2, 3]], [[2], [2], [3, 1], [1]]], ids=str)
def test_what_was_answered_is_not_answered_again(amqp_uri: str, answers: list[list[int]]) -> None:
    """Trap: the broker closes the channel over a tag it does not know, and what is in hand comes again."""
    with a_channel(amqp_uri) as channel:
        channel.queue_declare(QUEUE)
        for number in range(4):
            channel.basic_publish("", QUEUE, str(number).encode())
    arrived: list[Received] = []
    with Link(amqp_uri, name="test") as link:
        link.consume(QUEUE, arrived.append, prefetch=4)
        eventually(lambda: link.drain() or len(arrived) == 4)
        for tags in answers:
            link.acknowledge(tags)
        link.give_back(4)
        eventually(lambda: link.drain() or len(arrived) == 5)
    assert [message.body for message in arrived] == [b"0", b"1", b"2", b"3", b"3"]
    assert left(amqp_uri) == 1


def left(amqp_uri: str) -> int:
    with a_channel(amqp_uri) as channel:
        return int(channel.queue_declare(QUEUE, passive=True).method.message_count)
