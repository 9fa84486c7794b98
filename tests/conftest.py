"""Real servers for every test: the ones TEST_* names, or private ones of our own."""

import gc
import os
import signal
from collections.abc import Generator, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, urlsplit
from uuid import uuid4

import httpx
import hypothesis
import psycopg
import pytest

# pytest looks for what was collected before the hook below has run, and offers no other way to look again.
from _pytest.unraisableexception import collect_unraisable
from sqlalchemy import Engine
from sqlalchemy.engine import make_url
from sqlalchemy.orm import Session

from intercoop.local.broker import Broker
from intercoop.local.servers import Server, private_broker, private_database
from shared.database import connect
from shared.garbage import nothing_to_collect
from shared.tables import plumbing
from tests.compiling import compile_everything
from tests.memory import servers_folder


@dataclass(frozen=True)
class Servers:
    """Where the broker, its management API and the database server are; `migrated` is the work of tests.system."""

    amqp_uri: str
    rabbitmq_api: str
    database_url: str
    migrated: dict[str, str] = field(default_factory=dict)


# A shell that starts us in its background has SIGINT ignored, and every program under test would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)


# No test talks to anybody but loopback, so no authority is trusted. Reading all that a machine trusts took every HTTP
# client of a test 25 ms, a tenth of all that the tests themselves took. Python's ssl and httpx go by these two.
os.environ.pop("SSL_CERT_FILE", None)
os.environ["SSL_CERT_DIR"] = str(Path(__file__).parent)


# How long an example takes says how busy the machine is.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")


LONGEST = (
    "chaos/test_subscription_broker.py",
    "journeys/test_year.py",
    "chaos/test_forgotten_queues.py",
    "chaos/test_relay_broker.py",
    "platform/test_up.py",
    "shared/test_replay.py",
    "chaos/test_whole_system.py",
    "platform/test_audit.py",
    "contracts/test_http_contract.py",
    "chaos/test_subscription_mute_database.py",
    "shared/test_subscribe.py",
    "chaos/test_http_database.py",
    "chaos/test_relay_network.py",
    "chaos/test_subscription_database.py",
    "chaos/test_relay_database.py",
    "chaos/test_subscription_death.py",
    "chaos/test_subscription_replicas.py",
    "shared/test_relay.py",
    "shared/test_database.py",
    "journeys/test_demo.py",
    "chaos/test_relay_leaders.py",
    "shared/test_run.py",
    "shared/test_http_limits.py",
    "chaos/test_subscription_messages.py",
    "platform/test_chaos_audit.py",
    "membership/test_real_registers.py",
    "shared/test_feed_http.py",
    "journeys/test_member_is_won.py",
)
"""Files that take more than ten seconds, the longest first. Most of that they wait."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files in their order, and the others evenly between them: one that starts last leaves the other
    processors nothing to do, and so do those that wait while no other computes."""
    long = {Path(__file__).parent / name: number for number, name in enumerate(LONGEST)}
    others = list(dict.fromkeys(item.path for item in items if item.path not in long))
    place = {path: number * len(long) / len(others) for number, path in enumerate(others)} | long
    items.sort(key=lambda item: place[item.path])


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """What the imports make lives as long as we do; a collection that need not look at it takes milliseconds."""
    with nothing_to_collect():
        return (yield)


def pytest_sessionfinish() -> None:
    """The last look is at everything: what outlived its test, and belongs to nobody."""
    gc.unfreeze()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Function) -> Generator[None, object, object]:
    """What a test leaves open to the garbage collector fails that test, not the one during which it is collected."""
    outcome = yield
    item.funcargs.clear()
    gc.collect()
    collect_unraisable(item.config)
    # What this test's module goes on using need not be looked through again after each of the tests to come.
    gc.freeze()
    return outcome


@pytest.fixture(scope="session")
def own_folder() -> Iterator[Path]:
    """Where the servers of the whole run keep their files."""
    with servers_folder() as folder:
        yield folder


@contextmanager
def database_server(folder: Path) -> Iterator[str]:
    """TEST_DATABASE_URL, or a server of our own for as long as the block lasts."""
    if existing := os.environ.get("TEST_DATABASE_URL"):
        yield existing
        return
    with private_database(folder / "postgres") as (_, database):
        yield database.url()


@contextmanager
def broker_node(folder: Path) -> Iterator[tuple[str, str]]:
    """TEST_AMQP_URI and TEST_RABBITMQ_API, or a node of our own for as long as the block lasts."""
    if existing := os.environ.get("TEST_AMQP_URI"):
        yield existing, os.environ["TEST_RABBITMQ_API"]
        return
    with private_broker(folder / "broker") as (_, broker):
        yield broker.uri(), broker.api


_shared = ExitStack()


def pytest_xdist_setupnodes(config: pytest.Config) -> None:
    """Test processes that run beside each other share the servers; they find them in their environment."""
    compile_everything(config)
    folder = _shared.enter_context(servers_folder())
    os.environ["TEST_DATABASE_URL"] = _shared.enter_context(database_server(folder))
    os.environ["TEST_AMQP_URI"], os.environ["TEST_RABBITMQ_API"] = _shared.enter_context(broker_node(folder))


def pytest_unconfigure() -> None:
    """However the run ended."""
    _shared.close()


@pytest.fixture(scope="session")
def database_server_url(own_folder: Path) -> Iterator[str]:
    """Where the tests make databases of their own."""
    with database_server(own_folder) as url:
        yield url


@pytest.fixture(scope="session")
def broker_addresses(own_folder: Path) -> Iterator[tuple[str, str]]:
    """Where the tests make virtual hosts of their own, and its management API."""
    with broker_node(own_folder) as addresses:
        yield addresses


@pytest.fixture(scope="session")
def servers(database_server_url: str, broker_addresses: tuple[str, str]) -> Iterator[Servers]:
    """The servers every test shares."""
    uri, api = broker_addresses
    servers = Servers(amqp_uri=uri, rabbitmq_api=api, database_url=database_server_url)
    yield servers
    for url in servers.migrated.values():
        drop_database(database_server_url, url)


@dataclass(frozen=True)
class OwnBroker:
    """A node whose process the test may stop, kill and freeze; `environment` is for rabbitmqctl."""

    server: Server
    amqp_uri: str
    rabbitmq_api: str
    environment: dict[str, str]
    broker: Broker


@pytest.fixture(scope="module")
def own_broker() -> Iterator[OwnBroker]:
    """A private node for one module of tests marked owns_broker; each test leaves it running."""
    with servers_folder() as folder, private_broker(folder) as (server, broker):
        yield OwnBroker(server, broker.uri(), broker.api, broker.environment(), broker)


@contextmanager
def virtual_host(uri: str, address: str) -> Iterator[str]:
    """A virtual host for as long as the block lasts, on the broker at `uri` whose management API is at `address`."""
    user = urlsplit(uri).username or "guest"
    vhost = f"test-{uuid4().hex[:12]}"
    with httpx.Client(base_url=address, timeout=30) as api:
        api.put(f"/api/vhosts/{vhost}").raise_for_status()
        everything = {"configure": ".*", "write": ".*", "read": ".*"}
        api.put(f"/api/permissions/{vhost}/{quote(user)}", json=everything).raise_for_status()
        yield urlsplit(uri)._replace(path=f"/{vhost}").geturl()
        api.delete(f"/api/vhosts/{vhost}")


@pytest.fixture
def amqp_uri(broker_addresses: tuple[str, str]) -> Iterator[str]:
    """A virtual host of the test's own."""
    with virtual_host(*broker_addresses) as uri:
        yield uri


def create_database(admin_url: str, template: str = "template0") -> str:
    """A new database's URL; `template` is a database to copy, file by file, for its way through the log takes twice as
    much."""
    name = f"test_{uuid4().hex[:12]}"
    plain = make_url(admin_url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(plain, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template} ENCODING 'UTF8' STRATEGY file_copy")
    return make_url(admin_url).set(database=name).render_as_string(hide_password=False)


def drop_database(admin_url: str, url: str) -> None:
    """Away with it, whoever is still connected."""
    plain = make_url(admin_url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(plain, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {make_url(url).database} WITH (FORCE)")


@pytest.fixture
def database_url(database_server_url: str) -> Iterator[str]:
    """An empty database of the test's own."""
    url = create_database(database_server_url)
    yield url
    drop_database(database_server_url, url)


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    engine = connect(database_url)
    yield engine
    engine.dispose()


@pytest.fixture
def publisher_url(database_server_url: str) -> Iterator[str]:
    """The outbox of whoever publishes to a subscription, apart from the subscription's own database."""
    url = create_database(database_server_url)
    engine = connect(url)
    plumbing.create_all(engine)
    engine.dispose()
    yield url
    drop_database(database_server_url, url)


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    with Session(engine, expire_on_commit=False) as session:
        yield session
