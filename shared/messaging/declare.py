"""Puts on the broker what a subscription needs; declaring again what is there changes nothing."""

from collections.abc import Callable

from shared.messaging import topology
from shared.messaging.link import Link
from shared.messaging.queues import provide_covered, provide_uncovered
from shared.messaging.subscription import Subscription


def declare_queue(link: Link, subscription: Subscription, *, note_loss: Callable[[], None]) -> bool:
    """Make the subscription's queue if it is not there or has no leader, noting first that what it held is lost.

    Returns whether it was made. Only a rebuild may, since it keeps the other replicas out and reads the streams.
    """
    dead = declare_dead(link, subscription.service)
    arguments = topology.queue_arguments(subscription.service)
    return provide_covered(link, subscription.queue, arguments, reference=dead, note_loss=note_loss)


def bind_queue(link: Link, subscription: Subscription) -> None:
    """Bindings of the subscription's queue, and its way back from the delay queues.

    Raises:
        CHANNEL_ERRORS: when the queue is not there.
    """
    channel, queue = link.channel, subscription.queue
    redeliver = topology.redeliver_exchange(subscription.service)
    channel.exchange_declare(redeliver, "direct", durable=True, auto_delete=False)
    channel.exchange_declare(topology.EXCHANGE, "topic", durable=True, auto_delete=False)
    channel.queue_bind(queue, redeliver, queue)
    for key in topology.bindings(subscription.events):
        channel.queue_bind(queue, topology.EXCHANGE, key)


def declare_dead(link: Link, service: str) -> str:
    """The queue for what the broker itself gave up on; returns its name."""
    name = topology.dead_exchange(service)
    provide_uncovered(link, {name: topology.dead_arguments()})
    return name


def declare_retries(link: Link, service: str) -> None:
    """The delay queues, each behind an exchange of its name, and the way back."""
    redeliver = topology.redeliver_exchange(service)
    link.channel.exchange_declare(redeliver, "direct", durable=True, auto_delete=False)
    steps = set(topology.RETRY_SECONDS)
    provide_uncovered(
        link, {topology.retry_queue(service, step): topology.retry_arguments(service, step) for step in steps}
    )
