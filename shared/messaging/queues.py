"""Makes quorum queues so that a broker that dies remembers them, and makes anew those it does not.

RabbitMQ (3.10 and 4.0) keeps the last entry of its registry of quorum queues in memory for up to a second, or until the
next one. Killed before that, it comes back with a queue that is empty, has no leader and answers nobody, for ever. And
killed just after a deletion, 3.10 comes back with the deleted queue still entered, and at no later start can it open
another of that name.
"""

import contextlib
import logging
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from shared.messaging import topology
from shared.messaging.link import BROKER_ERRORS, CHANNEL_ERRORS, Link, answers

_log = logging.getLogger(__name__)

NOT_FOUND = 404

Arguments = dict[str, object]


def exists(link: Link, queue: str) -> bool:
    """Whether the queue or stream is there."""
    return _is_there(link, lambda channel: channel.queue_declare(queue, passive=True))


def provide_covered(
    link: Link, queue: str, arguments: Arguments, *, reference: str, note_loss: Callable[[], None]
) -> bool:
    """Make a queue whose events are all in streams too, if it is not there or has no leader; returns whether it did.

    `note_loss` is called first, and sees to it that the streams are read; what it raises ends the matter.
    `reference` is another quorum queue. Unless that one has a leader, the broker's nodes may only have lost their
    majority, and the queue comes back with them.
    """
    with _sole_maker(link, queue):
        if exists(link, queue) and not (_is_silent(link, queue) and answers(link.uri, reference)):
            return False
        note_loss()
        _make(link, queue, arguments)
        return True


def provide_uncovered(link: Link, queues: Mapping[str, Arguments]) -> None:
    """Make queues, each behind a fanout exchange of its name, whose events are nowhere else.

    The exchange comes once the broker surely remembers the queue, so it is the lasting note that there may be
    something in it. Without it nothing ever was, and only then a queue without a leader is made anew.
    """
    for name, arguments in queues.items():
        if not (exists(link, name) and _has_exchange(link, name)):
            _provide_unreachable(link, name, arguments)
        link.channel.exchange_declare(name, "fanout", durable=True, auto_delete=False)
        link.channel.queue_bind(name, name)


def _provide_unreachable(link: Link, name: str, arguments: Arguments) -> None:
    with _sole_maker(link, name):
        if not exists(link, name):
            _delete_unbound_exchange(link, name)
            _make(link, name, arguments)
        elif not _has_exchange(link, name) and _is_silent(link, name):
            _log.warning("making a queue anew that has no leader and never held anything", extra={"queue": name})
            _make(link, name, arguments)
        else:
            _write_registry(link, name)


def _make(link: Link, queue: str, arguments: Arguments) -> None:
    """Twice, since only the end of a queue that was started strikes out what the registry says of one before it."""
    for _ in range(2):
        link.channel.queue_delete(queue)
        link.channel.queue_declare(queue, durable=True, auto_delete=False, arguments=arguments)
    _write_registry(link, queue)


def _write_registry(link: Link, queue: str) -> None:
    """Another entry has the broker write the one before."""
    entry = topology.registry_entry(queue)
    link.channel.queue_delete(entry)
    link.channel.queue_declare(entry, durable=True, auto_delete=False, arguments={"x-queue-type": "quorum"})
    link.channel.queue_delete(entry)


def _is_silent(link: Link, queue: str) -> bool:
    """Whether it says that it holds nothing and takes no consumer; a queue that says it holds something is let be."""
    said = link.channel.queue_declare(queue, passive=True)
    return said.message_count == 0 and not answers(link.uri, queue)


@contextlib.contextmanager
def _sole_maker(link: Link, queue: str) -> Iterator[None]:
    """One connection at a time, this one; should it end, so does the right to delete.

    Raises:
        BROKER_ERRORS: when another has it.
    """
    lock = topology.maker(queue)
    channel = link.another_channel()
    channel.queue_declare(lock, exclusive=True)
    try:
        yield
    finally:
        with contextlib.suppress(*BROKER_ERRORS):
            channel.queue_delete(lock)
            channel.close()


def _has_exchange(link: Link, name: str) -> bool:
    return _is_there(link, lambda channel: channel.exchange_declare(name, "fanout", passive=True))


def _delete_unbound_exchange(link: Link, name: str) -> None:
    channel = link.another_channel()
    channel.exchange_delete(name, if_unused=True)
    channel.close()


def _is_there(link: Link, ask: Any) -> bool:
    channel = link.another_channel()
    try:
        ask(channel)
    except CHANNEL_ERRORS as error:
        if error.reply_code == NOT_FOUND:
            return False
        raise
    channel.close()
    return True
