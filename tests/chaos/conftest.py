"""A broker and a database server that a test may kill, freeze and starve, and the audit every test ends with."""

from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from intercoop.audit.services import Audited
from intercoop.local.servers import private_broker, private_database
from tests.audits import a_publisher, assert_balanced
from tests.proxy import proxied
from tests.victims import VictimBroker, VictimDatabase


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder is a chaos test."""
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker(pytest.mark.chaos)


@pytest.fixture(autouse=True)
def ran(request: pytest.FixtureRequest) -> list[Audited]:
    """What is audited at the end: an outbox and its streams, unless the module says that it runs something else.

    An empty list says that nothing it runs publishes.
    """
    broker = "chaos_amqp_uri" if "chaos_amqp_uri" in request.fixturenames else "amqp_uri"
    return [a_publisher(request.getfixturevalue("chaos_database_url"), request.getfixturevalue(broker))]


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, object, object]:
    """Part of every test here, so that none can forget it; `@pytest.mark.dead(n)` says how many letters it leaves."""
    outcome = yield
    expected = pyfuncitem.get_closest_marker("dead")
    if services := pyfuncitem.funcargs["ran"]:
        assert_balanced(services, dead=expected.args[0] if expected else 0)
    return outcome


@pytest.fixture(scope="session")
def victim_broker(own_folder: Path) -> Iterator[VictimBroker]:
    with private_broker(own_folder / "victim-broker") as (server, broker):
        yield VictimBroker(server, broker)


@pytest.fixture(scope="session")
def victim_database(own_folder: Path) -> Iterator[VictimDatabase]:
    with private_database(own_folder / "victim-database") as (server, database):
        yield VictimDatabase(server, database)


@pytest.fixture
def chaos_amqp_uri(victim_broker: VictimBroker) -> str:
    """A virtual host on the victim, which is up and healthy at the start of each test."""
    victim_broker.server.start()
    return victim_broker.new_vhost()


@pytest.fixture
def chaos_database_url(victim_database: VictimDatabase) -> str:
    """A database on the victim, which is up at the start of each test."""
    victim_database.server.start()
    return victim_database.new_database()


@dataclass(frozen=True)
class MuteDatabase:
    """A database that stops answering within `mute()`, and nobody is told: no connection is closed or refused."""

    url: str
    mute: Callable[[], AbstractContextManager[None]]
    direct_url: str


@pytest.fixture(params=["frozen", "black-holed"])
def mute_database(
    request: pytest.FixtureRequest, victim_database: VictimDatabase, chaos_database_url: str
) -> Iterator[MuteDatabase]:
    """Once the server's processes stand still, once the network swallows what it says and hears."""
    if request.param == "frozen":
        yield MuteDatabase(chaos_database_url, victim_database.frozen, chaos_database_url)
        return
    with proxied(chaos_database_url) as (network, through):

        @contextmanager
        def mute() -> Iterator[None]:
            network.swallow("up", "down")
            yield
            network.swallow()

        yield MuteDatabase(through, mute, chaos_database_url)
