"""The relay while its broker dies, freezes, starves and comes back."""

import time
from dataclasses import replace
from typing import Literal

import pytest

from shared.messaging.topology import EXCHANGE
from tests.ledger import assert_nothing_lost, failures, gauge, writing
from tests.outboxes import fill, pending, published
from tests.relays import QUICK, relaying
from tests.samples import a_channel
from tests.victims import VictimBroker
from tests.waiting import eventually


@pytest.mark.parametrize("kill", [False, True], ids=["stopped", "killed"])
def test_a_broker_restart_loses_nothing(
    victim_broker: VictimBroker, chaos_amqp_uri: str, chaos_database_url: str, kill: bool
) -> None:
    fill(chaos_database_url, 2000)
    with relaying(chaos_database_url, chaos_amqp_uri):
        with writing(chaos_database_url):
            eventually(lambda: pending(chaos_database_url) < 1500)
            victim_broker.restart(kill=kill)
        assert_nothing_lost(chaos_database_url, chaos_amqp_uri)


@pytest.mark.parametrize("seconds", [5, pytest.param(60, marks=pytest.mark.long)])
def test_a_frozen_broker_costs_a_connection_and_nothing_else(
    victim_broker: VictimBroker, chaos_amqp_uri: str, chaos_database_url: str, seconds: int
) -> None:
    """Trap: a publish to a frozen broker blocks as long as the freeze, or for ever."""
    fill(chaos_database_url, 500)
    with relaying(chaos_database_url, chaos_amqp_uri):
        eventually(lambda: pending(chaos_database_url) == 0)
        with writing(chaos_database_url), victim_broker.frozen():
            frozen_at, before = time.monotonic(), failures()
            eventually(lambda: failures() > before, within=2 * QUICK.confirm + 10)
            eventually(lambda: time.monotonic() > frozen_at + seconds, within=seconds + 1)
        assert_nothing_lost(chaos_database_url, chaos_amqp_uri)


def test_a_relay_stops_in_time_though_the_broker_is_frozen(
    victim_broker: VictimBroker, chaos_amqp_uri: str, chaos_database_url: str
) -> None:
    """Trap: a graceful stop waits without end for a peer that doesn't answer."""
    patient = replace(QUICK, confirm=60.0, heartbeat=60, drain=1.0)
    fill(chaos_database_url, 10)
    with victim_broker.frozen():  # thawed only after the relay is gone
        with relaying(chaos_database_url, chaos_amqp_uri, patient):
            fill(chaos_database_url, 50)
            began = time.monotonic()
        assert time.monotonic() - began < patient.drain + 15
    with relaying(chaos_database_url, chaos_amqp_uri):
        assert_nothing_lost(chaos_database_url, chaos_amqp_uri)


@pytest.mark.parametrize("resource", ["memory", "disk"])
def test_an_alarm_holds_events_back_and_nothing_else(
    victim_broker: VictimBroker, chaos_amqp_uri: str, chaos_database_url: str, resource: Literal["memory", "disk"]
) -> None:
    """Trap: an alarm blocks publishing connections silently."""
    fill(chaos_database_url, 100)
    with relaying(chaos_database_url, chaos_amqp_uri):
        eventually(lambda: pending(chaos_database_url) == 0)
        with victim_broker.starved(resource):
            before = failures()
            fill(chaos_database_url, 3000)
            eventually(lambda: gauge("intercoop_relay_blocked") == 1)
            eventually(lambda: gauge("intercoop_outbox_oldest_seconds") > QUICK.confirm + 0.5)
            assert pending(chaos_database_url) == 3000
            assert failures() == before  # told that it is blocked, it waits instead of sending again and again
        assert_nothing_lost(chaos_database_url, chaos_amqp_uri)
    assert gauge("intercoop_relay_blocked") == 0


def test_an_alarm_that_lasts_costs_a_connection_now_and_then(
    victim_broker: VictimBroker, chaos_amqp_uri: str, chaos_database_url: str
) -> None:
    with relaying(chaos_database_url, chaos_amqp_uri, blocked=1.0):
        with victim_broker.starved("memory"):
            before = failures()
            fill(chaos_database_url, 300)
            eventually(lambda: failures() >= before + 2)
        assert_nothing_lost(chaos_database_url, chaos_amqp_uri)


def test_a_connection_the_broker_closes_is_made_anew(
    victim_broker: VictimBroker, chaos_amqp_uri: str, chaos_database_url: str
) -> None:
    with relaying(chaos_database_url, chaos_amqp_uri):
        with writing(chaos_database_url):
            for _ in range(3):
                before = failures()
                eventually(victim_broker.close_connections, every=0.5)  # it learns of one within five seconds
                eventually(lambda before=before: failures() > before)
        assert_nothing_lost(chaos_database_url, chaos_amqp_uri)


def test_a_channel_the_broker_closes_is_opened_again(
    victim_broker: VictimBroker, chaos_amqp_uri: str, chaos_database_url: str
) -> None:
    """Trap: a channel closed by the broker is easily not noticed; here the exchange is gone under a publish."""
    with relaying(chaos_database_url, chaos_amqp_uri), a_channel(chaos_amqp_uri) as channel:
        with writing(chaos_database_url):
            for _ in range(3):
                known, before = published(chaos_database_url), failures()
                eventually(lambda known=known: published(chaos_database_url) > known)
                channel.exchange_delete(EXCHANGE)
                eventually(lambda before=before: failures() > before)
        assert_nothing_lost(chaos_database_url, chaos_amqp_uri)
