"""What there is on the broker of a service's subscriptions."""

from collections.abc import Iterable

from intercoop.audit.report import Finding, finding
from intercoop.local.depths import queue_depths
from shared.messaging.link import Link
from shared.messaging.queues import exists, is_silent
from shared.messaging.subscription import Subscription
from shared.messaging.topology import RETRY_SECONDS, dead_exchange, retry_queue


def missing_queues(amqp_uri: str, subscriptions: list[Subscription]) -> list[Finding]:
    """Subscriptions that nothing can reach."""
    with Link(amqp_uri, name="audit") as link:
        gone = [each for each in subscriptions if not exists(link, each.queue)]
    return [one for each in gone for one in finding("damaged", each.service, "queue missing", [each.queue])]


def waiting(amqp_uri: str, subscription: Subscription, *, rabbitmq_api: str = "") -> int:
    """In its own queue, and in the delay queues and the dead queue it shares with its service's others.

    The broker's API counts what readers have in hand, too, but only every few seconds; without it that is not known.
    """
    names = [subscription.queue, *shared_queues(subscription.service)]
    counted = queue_depths(rabbitmq_api, amqp_uri) or {}
    with Link(amqp_uri, name="audit") as link:
        ready = sum(_depth(link, name) for name in names if exists(link, name))
    return max(ready, sum(counted.get(name, 0) for name in names))


def shared_queues(service: str) -> list[str]:
    """The dead queue and the delay queues that all subscriptions of a service have together."""
    return [dead_exchange(service), *(retry_queue(service, step) for step in RETRY_SECONDS)]


def silent_queues(amqp_uri: str, names: Iterable[str]) -> list[str]:
    """Those that are there and answer nobody, as when the broker forgot them; see docs/decisions.

    Only one that is read by nobody and says it holds nothing is asked, for the question takes what it holds.
    """
    with Link(amqp_uri, name="doctor") as link:
        return [name for name in names if exists(link, name) and not _readers(link, name) and is_silent(link, name)]


def _readers(link: Link, name: str) -> int:
    return int(link.channel.queue_declare(name, passive=True).consumer_count)


def _depth(link: Link, name: str) -> int:
    return int(link.channel.queue_declare(name, passive=True).message_count)
