"""Makes quorum queues so that a broker that dies remembers them, and makes anew those it does not.

RabbitMQ (3.10 and 4.0) keeps the last entry of its registry of quorum queues in memory for up to a second, or until the
next one. Killed before that, it comes back with a queue that is empty, has no leader and answers nobody, for ever. And
killed just after a deletion, 3.10 comes back with the deleted queue still entered, and at no later start can it open
another of that name.
"""

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from shared.messaging import topology
from shared.messaging.link import BROKER_ERRORS, CHANNEL_ERRORS, Link, answers

NOT_FOUND = 404
NONE_OF_THAT_NAME = "no queue"
TAKEN = 405
OTHER_ARGUMENTS = 406

MAKING_SECONDS = 5
"""Making a queue takes a fraction of one; whoever needs longer may be frozen, and its connection ends soon."""

Arguments = dict[str, object]

PLAIN: Arguments = {"x-queue-type": "quorum"}


def exists(link: Link, queue: str) -> bool:
    """Whether the queue or stream is there."""
    return _agrees(link, lambda channel: channel.queue_declare(queue, passive=True), but=NOT_FOUND)


def stream_exists(link: Link, stream: str) -> bool:
    """Whether the stream is there.

    Raises:
        CHANNEL_ERRORS: while its node is away or starting. RabbitMQ calls that not found as well, but the stream has
            what it had, and whoever took it for missing would pass by that.
    """
    return _agrees(
        link, lambda channel: channel.queue_declare(stream, passive=True), but=NOT_FOUND, saying=NONE_OF_THAT_NAME
    )


def provide_covered(
    link: Link, queue: str, arguments: Arguments, *, reference: str, note_loss: Callable[[], None]
) -> bool:
    """Make a queue whose events are all in streams too, if it is not there or has no leader; returns whether it did.

    `note_loss` is called first, and sees to it that the streams are read; what it raises ends the matter.
    `reference` is another quorum queue. Unless that one has a leader, the broker's nodes may only have lost their
    majority, and the queue comes back with them.
    """
    with _sole_maker(link, queue):
        usable = exists(link, queue) and _is_finished(link, queue, arguments)
        if usable and not (is_silent(link, queue) and answers(link.uri, reference)):
            return False
        note_loss()
        _make(link, queue, arguments)
        return True


def provide_uncovered(link: Link, queues: Mapping[str, Arguments]) -> None:
    """Make queues, each behind a fanout exchange of its name, whose events are nowhere else.

    The exchange comes once the broker surely remembers the queue, so it is the lasting note that there may be
    something in it. Without it nothing ever was, and only then a queue is made anew, whatever is the matter with it.
    """
    for name, arguments in queues.items():
        if not (exists(link, name) and _has_exchange(link, name)):
            with _sole_maker(link, name):
                _make_unless_used(link, name, arguments)
        link.channel.exchange_declare(name, "fanout", durable=True, auto_delete=False)
        link.channel.queue_bind(name, name)


def _make_unless_used(link: Link, name: str, arguments: Arguments) -> None:
    if not exists(link, name):
        _delete_unbound_exchange(link, name)
    if not _has_exchange(link, name):
        _make(link, name, arguments)
        link.channel.exchange_declare(name, "fanout", durable=True, auto_delete=False)
        link.channel.queue_bind(name, name)


def _make(link: Link, queue: str, arguments: Arguments) -> None:
    """The end of a queue clears the registry of its name, and a further entry has all of the registry written.

    Neither of the two that end has a dead letter exchange. For each that has, the broker starts a process, and when
    that finds its queue gone twice within five seconds, no queue of the node gets one any more.
    """
    _pass(link.channel, queue)
    _declare(link.channel, queue, arguments)
    _pass(link.channel, topology.registry_entry(queue))


def _pass(channel: Any, queue: str) -> None:
    channel.queue_delete(queue)
    _declare(channel, queue, PLAIN)
    channel.queue_delete(queue)


def _declare(channel: Any, queue: str, arguments: Arguments) -> None:
    channel.queue_declare(queue, durable=True, auto_delete=False, arguments=arguments)


def _is_finished(link: Link, queue: str, arguments: Arguments) -> bool:
    """Whether it is no mere beginning, left behind by somebody who was making it."""
    return _agrees(link, lambda channel: _declare(channel, queue, arguments), but=OTHER_ARGUMENTS)


def is_silent(link: Link, queue: str) -> bool:
    """Whether it says that it holds nothing and takes no consumer; a queue that says it holds something is let be."""
    said = link.channel.queue_declare(queue, passive=True)
    return said.message_count == 0 and not answers(link.uri, queue)


@contextlib.contextmanager
def _sole_maker(link: Link, queue: str) -> Iterator[None]:
    """One connection at a time, this one; should it end, so does the right to delete.

    Raises:
        BROKER_ERRORS: when another has it for more than MAKING_SECONDS.
    """
    lock = topology.maker(queue)
    channel = _locked(link, lock)
    try:
        yield
    finally:
        with contextlib.suppress(*BROKER_ERRORS):
            channel.queue_delete(lock)
            channel.close()


def _locked(link: Link, lock: str) -> Any:
    """The channel that holds the lock. A service's first start has several subscriptions make one dead queue."""
    deadline = time.monotonic() + MAKING_SECONDS
    while True:
        channel = link.another_channel()
        try:
            channel.queue_declare(lock, exclusive=True)
        except CHANNEL_ERRORS as error:
            if error.reply_code != TAKEN or time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            return channel


def _has_exchange(link: Link, name: str) -> bool:
    return _agrees(link, lambda channel: channel.exchange_declare(name, "fanout", passive=True), but=NOT_FOUND)


def _delete_unbound_exchange(link: Link, name: str) -> None:
    channel = link.another_channel()
    channel.exchange_delete(name, if_unused=True)
    channel.close()


def _agrees(link: Link, ask: Callable[[Any], object], *, but: int, saying: str = "") -> bool:
    """False when the broker answers with the code `but`, and these words; any other refusal is raised."""
    channel = link.another_channel()
    try:
        ask(channel)
    except CHANNEL_ERRORS as error:
        if error.reply_code == but and saying in error.reply_text:
            return False
        raise
    channel.close()
    return True
