"""Who may do what on the broker: tried on a real node that loaded the definitions at its start."""

import hashlib
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pika
import psutil
import pytest
from pika.adapters.blocking_connection import BlockingChannel
from pika.exceptions import ChannelClosedByBroker

from intercoop.broker_definitions import ADMINISTRATOR, definitions, may_read_internal, password_hash
from shared.contracts.catalogue import BY_PUBLISHER
from shared.contracts.membership import ContactChanged, MemberAdmitted
from shared.messaging import topology
from tests.conftest import OwnBroker
from tests.waiting import eventually

PASSWORDS = {name: f"secret of {name}" for name in (ADMINISTRATOR, *BY_PUBLISHER)}


def test_a_password_leaves_as_its_salted_hash() -> None:
    raw = b64decode(password_hash("test12", salt=b"\x90\x8d\xc6\x0a"))
    assert raw == b"\x90\x8d\xc6\x0a" + hashlib.sha256(b"\x90\x8d\xc6\x0atest12").digest()


def test_no_password_stands_in_the_definitions() -> None:
    assert not any(password in str(definitions(PASSWORDS)) for password in PASSWORDS.values())


def test_only_comms_reads_what_membership_says_internally() -> None:
    readers = [service for service in BY_PUBLISHER if may_read_internal(service, "membership")]
    assert readers == ["membership", "comms"]


@contextmanager
def channel(broker: OwnBroker, user: str) -> Iterator[BlockingChannel]:
    connection = pika.BlockingConnection(pika.URLParameters(broker.broker.uri(user)))
    try:
        yield connection.channel()
    finally:
        connection.close()


@pytest.fixture(scope="module")
def broker(own_broker: OwnBroker) -> OwnBroker:
    """Every publisher has its streams, as relays declare them."""
    for service in BY_PUBLISHER:
        with channel(own_broker, service) as mine:
            mine.exchange_declare(topology.EXCHANGE, "topic", durable=True)
            for visibility in ("public", "internal"):
                name = topology.stream(service, visibility)
                mine.queue_declare(name, durable=True, arguments=topology.stream_arguments(visibility))
                for key in topology.stream_bindings(service, visibility):
                    mine.queue_bind(name, topology.EXCHANGE, key)
    return own_broker


def read_stream(mine: BlockingChannel, name: str) -> None:
    mine.basic_qos(prefetch_count=1)
    mine.basic_consume(name, lambda *_: None, arguments={"x-stream-offset": "first"})


def refused(error: pytest.ExceptionInfo[ChannelClosedByBroker]) -> bool:
    return bool(error.value.reply_code == 403)


@pytest.mark.owns_broker
def test_a_service_publishes_under_its_own_name_alone(broker: OwnBroker) -> None:
    with channel(broker, "funding") as mine:
        mine.confirm_delivery()
        mine.basic_publish(topology.EXCHANGE, "funding.call.published.v1", b"{}")
        with pytest.raises(ChannelClosedByBroker) as error:
            mine.basic_publish(topology.EXCHANGE, MemberAdmitted.routing_key(), b"{}")
        assert refused(error)


@pytest.mark.owns_broker
def test_a_service_binds_its_queue_to_public_events_and_not_to_internal_ones_of_others(broker: OwnBroker) -> None:
    with channel(broker, "funding") as mine:
        mine.queue_declare("funding.trial", durable=True, arguments={"x-queue-type": "quorum"})
        mine.queue_bind("funding.trial", topology.EXCHANGE, MemberAdmitted.routing_key())
        with pytest.raises(ChannelClosedByBroker) as error:
            mine.queue_bind("funding.trial", topology.EXCHANGE, ContactChanged.routing_key())
        assert refused(error)


@pytest.mark.owns_broker
def test_a_pattern_does_not_get_round_the_limits_of_bindings(broker: OwnBroker) -> None:
    for pattern in ("#", "membership.#", "membership.contact.*.v1", "*.*.changed.v1"):
        with channel(broker, "funding") as mine:
            mine.queue_declare("funding.trial", durable=True, arguments={"x-queue-type": "quorum"})
            with pytest.raises(ChannelClosedByBroker) as error:
                mine.queue_bind("funding.trial", topology.EXCHANGE, pattern)
            assert refused(error), pattern


@pytest.mark.owns_broker
def test_comms_subscribes_to_the_contacts_of_members(broker: OwnBroker) -> None:
    with channel(broker, "comms") as mine:
        mine.queue_declare("comms.trial", durable=True, arguments={"x-queue-type": "quorum"})
        mine.queue_bind("comms.trial", topology.EXCHANGE, ContactChanged.routing_key())
        read_stream(mine, "membership.events.internal")


@pytest.mark.owns_broker
def test_public_streams_are_read_by_all_and_internal_ones_by_whom_they_are_meant_for(broker: OwnBroker) -> None:
    with channel(broker, "funding") as mine:
        read_stream(mine, "membership.events")
        with pytest.raises(ChannelClosedByBroker) as error:
            read_stream(mine, "membership.events.internal")
        assert refused(error)


@pytest.mark.owns_broker
def test_a_service_does_not_touch_the_queues_of_others(broker: OwnBroker) -> None:
    for act in (
        lambda mine: mine.queue_declare("membership.trial", durable=True, arguments={"x-queue-type": "quorum"}),
        lambda mine: mine.queue_delete("membership.events"),
        lambda mine: mine.queue_purge("comms.trial"),
        lambda mine: mine.basic_publish("", "membership.trial", b"{}"),
    ):
        with channel(broker, "funding") as mine:
            mine.confirm_delivery()
            with pytest.raises(ChannelClosedByBroker) as error:
                act(mine)
            assert refused(error)


@pytest.mark.owns_broker
def test_public_streams_are_kept_as_long_as_the_policy_says(broker: OwnBroker) -> None:
    def policy(name: str) -> dict[str, object] | None:
        return httpx.get(f"{broker.rabbitmq_api}/api/queues/intercoop/{name}").json().get("effective_policy_definition")

    assert eventually(lambda: policy("events.events")) == {"max-age": "365D"}
    assert not policy("events.events.internal")


@pytest.mark.owns_broker
def test_there_is_no_guest(broker: OwnBroker) -> None:
    users = {user["name"] for user in httpx.get(f"{broker.rabbitmq_api}/api/users").json()}
    assert users == {ADMINISTRATOR, *BY_PUBLISHER}


@pytest.mark.owns_broker
def test_nothing_of_it_listens_beyond_this_machine(own_broker: OwnBroker) -> None:
    """Trap: Erlang's port mapper and distribution listen on every address unless told otherwise."""
    assert own_broker.server.process
    ports = own_broker.broker.ports
    wanted = {ports[name] for name in ("epmd", "amqp", "management", "distribution", "metrics")}
    listening = [each.laddr for each in psutil.net_connections(kind="tcp") if each.status == psutil.CONN_LISTEN]
    found = [each for each in listening if each.port in wanted]
    assert {each.port for each in found} == wanted
    assert {each.ip for each in found} <= {"127.0.0.1", "::1"}
