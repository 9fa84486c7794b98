"""A service as the audit sees it."""

import warnings
from dataclasses import dataclass
from datetime import timedelta
from importlib import import_module

from intercoop.audit.effects import CHECKS, EXAMINATIONS, Check, Examination
from intercoop.instance import ServiceAddress
from shared.messaging.subscription import Subscription

GRACE = timedelta(seconds=30)
"""Between a subscription's row and its queue; before its first event nothing tells them apart."""


@dataclass(frozen=True, kw_only=True)
class Audited:
    """Where its data are, what it listens to, what in its tables would show that an effect happened twice.

    `rabbitmq_api` is empty where there is none. `grace`: how long a subscription may have been noted without its queue.
    """

    name: str
    database_url: str
    amqp_uri: str
    rabbitmq_api: str = ""
    subscriptions: tuple[Subscription, ...] = ()
    checks: tuple[Check, ...] = ()
    examinations: tuple[Examination, ...] = ()
    grace: timedelta = GRACE


def audited(name: str, at: ServiceAddress, *, rabbitmq_api: str = "") -> Audited:
    """One of the product's own services."""
    return Audited(
        name=name,
        database_url=at.database_url,
        amqp_uri=at.amqp_uri,
        rabbitmq_api=rabbitmq_api,
        subscriptions=tuple(subscriptions_of(name)),
        checks=CHECKS[name],
        examinations=EXAMINATIONS.get(name, ()),
    )


def subscriptions_of(service: str) -> list[Subscription]:
    """What the service's class subscribes to."""
    with warnings.catch_warnings():
        # eventlet announces its maintenance mode when nameko imports it.
        warnings.simplefilter("ignore", DeprecationWarning)
        found = getattr(import_module(f"services.{service}.service"), f"{service.capitalize()}Service")
        from shared.messaging.subscribe import subscriptions_in  # noqa: PLC0415 -- imports nameko, see above
    return subscriptions_in(found)
