"""The relay while the network swallows, cuts and delays."""

import time
from typing import get_args

import pytest
from sqlalchemy.engine import make_url

from tests.ledger import assert_nothing_lost, failures, writing
from tests.outboxes import fill, pending
from tests.proxy import Direction, proxied
from tests.relays import QUICK, relaying
from tests.waiting import eventually

PIKA_ADDS = 5
"""Seconds pika waits on top of the heartbeat before it looks whether one came."""


@pytest.mark.parametrize("direction", get_args(Direction))
def test_a_half_open_connection_is_noticed(chaos_database_url: str, amqp_uri: str, direction: Direction) -> None:
    """Trap: a half-open connection hangs a publisher for ever; one direction alone is enough."""
    with proxied(amqp_uri) as (network, uri), relaying(chaos_database_url, uri):
        fill(chaos_database_url, 100)
        eventually(lambda: pending(chaos_database_url) == 0)
        before, began = failures(), time.monotonic()
        network.swallow(direction)
        fill(chaos_database_url, 500)
        eventually(lambda: failures() > before)
        assert time.monotonic() - began < QUICK.heartbeat + PIKA_ADDS, "the confirm that does not come tells it first"
        network.swallow()
        assert_nothing_lost(chaos_database_url, amqp_uri)


@pytest.mark.long
def test_a_half_open_connection_is_noticed_while_nothing_is_sent(chaos_database_url: str, amqp_uri: str) -> None:
    with proxied(amqp_uri) as (network, uri), relaying(chaos_database_url, uri):
        fill(chaos_database_url, 1)
        eventually(lambda: pending(chaos_database_url) == 0)
        before = failures()
        network.swallow("up", "down")
        eventually(lambda: failures() > before, within=2 * (QUICK.heartbeat + PIKA_ADDS) + 1)


def test_cut_connections_lose_nothing(chaos_database_url: str, amqp_uri: str) -> None:
    with proxied(amqp_uri) as (network, uri), relaying(chaos_database_url, uri):
        with writing(chaos_database_url, every=0.01):
            for _ in range(10):
                before = failures()
                eventually(lambda: network.connections)
                network.cut()
                eventually(lambda before=before: failures() > before)
        assert_nothing_lost(chaos_database_url, amqp_uri)


def test_a_slow_network_delays_and_loses_nothing(chaos_database_url: str, amqp_uri: str) -> None:
    with proxied(amqp_uri) as (network, uri), relaying(chaos_database_url, uri):
        network.delay = 0.05
        fill(chaos_database_url, 1500)
        assert_nothing_lost(chaos_database_url, amqp_uri)


def test_a_half_open_database_connection_is_noticed(chaos_database_url: str, amqp_uri: str) -> None:
    """Trap: a lost connection to the database is as silent as one to the broker."""
    plain = make_url(chaos_database_url).render_as_string(hide_password=False)
    with proxied(plain) as (network, url), relaying(url, amqp_uri, statement=1.0):
        fill(chaos_database_url, 100)
        eventually(lambda: pending(chaos_database_url) == 0)
        network.swallow("down")
        fill(chaos_database_url, 100)
        eventually(lambda: network.connections > 1, within=10)
        network.swallow()
        assert_nothing_lost(chaos_database_url, amqp_uri)
