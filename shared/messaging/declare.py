"""Puts on the broker what a subscription needs; declaring again what is there changes nothing."""

from typing import Any

from shared.messaging import topology
from shared.messaging.link import CHANNEL_ERRORS, Link
from shared.messaging.subscription import Subscription

NOT_FOUND = 404


def declare_subscription(link: Link, subscription: Subscription) -> None:
    """Queue, bindings, the way back from the delay queues, and the dead queue."""
    service, channel = subscription.service, link.channel
    declare_dead(link, service)
    channel.exchange_declare(topology.redeliver_exchange(service), "direct", durable=True, auto_delete=False)
    channel.exchange_declare(topology.EXCHANGE, "topic", durable=True, auto_delete=False)
    _queue(channel, subscription.queue, topology.queue_arguments(service))
    channel.queue_bind(subscription.queue, topology.redeliver_exchange(service), subscription.queue)
    for key in topology.bindings(subscription.events):
        channel.queue_bind(subscription.queue, topology.EXCHANGE, key)


def declare_dead(link: Link, service: str) -> str:
    """The queue for what the broker itself gave up on; returns its name."""
    name = topology.dead_exchange(service)
    link.channel.exchange_declare(name, "fanout", durable=True, auto_delete=False)
    _queue(link.channel, name, topology.dead_arguments())
    link.channel.queue_bind(name, name)
    return name


def declare_retries(link: Link, service: str) -> None:
    """The delay queues, each behind an exchange of its name, and the way back."""
    channel = link.channel
    channel.exchange_declare(topology.redeliver_exchange(service), "direct", durable=True, auto_delete=False)
    for seconds in topology.RETRY_SECONDS:
        name = topology.retry_queue(service, seconds)
        channel.exchange_declare(name, "fanout", durable=True, auto_delete=False)
        _queue(channel, name, topology.retry_arguments(service, seconds))
        channel.queue_bind(name, name)


def exists(link: Link, queue: str) -> bool:
    """Whether the queue or stream is there."""
    channel = link.another_channel()
    try:
        channel.queue_declare(queue, passive=True)
    except CHANNEL_ERRORS as error:
        if error.reply_code == NOT_FOUND:
            return False
        raise
    channel.close()
    return True


def _queue(channel: Any, name: str, arguments: dict[str, object]) -> None:
    channel.queue_declare(name, durable=True, auto_delete=False, arguments=arguments)
