"""Real servers for every test: the ones TEST_* names, or private ones of our own."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote, urlsplit
from uuid import uuid4

import httpx
import psycopg
import pytest
from sqlalchemy import Engine
from sqlalchemy.engine import make_url
from sqlalchemy.orm import Session

from shared.database import connect


@dataclass(frozen=True)
class Servers:
    """Where the broker, its management API and the database server are."""

    amqp_uri: str
    rabbitmq_api: str
    database_url: str


@pytest.fixture(scope="session")
def servers() -> Servers:
    """TEST_AMQP_URI, TEST_RABBITMQ_API and TEST_DATABASE_URL name existing servers."""
    return Servers(
        amqp_uri=os.environ["TEST_AMQP_URI"],
        rabbitmq_api=os.environ["TEST_RABBITMQ_API"],
        database_url=os.environ["TEST_DATABASE_URL"],
    )


@pytest.fixture
def amqp_uri(servers: Servers) -> Iterator[str]:
    """A virtual host of the test's own."""
    user = urlsplit(servers.amqp_uri).username or "guest"
    vhost = f"test-{uuid4().hex[:12]}"
    with httpx.Client(base_url=servers.rabbitmq_api, timeout=30) as api:
        api.put(f"/api/vhosts/{vhost}").raise_for_status()
        everything = {"configure": ".*", "write": ".*", "read": ".*"}
        api.put(f"/api/permissions/{vhost}/{quote(user)}", json=everything).raise_for_status()
        yield urlsplit(servers.amqp_uri)._replace(path=f"/{vhost}").geturl()
        api.delete(f"/api/vhosts/{vhost}")


def create_database(admin_url: str, template: str = "template0") -> str:
    """A new database's URL; `template` is a database to copy."""
    name = f"test_{uuid4().hex[:12]}"
    plain = make_url(admin_url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(plain, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
    return make_url(admin_url).set(database=name).render_as_string(hide_password=False)


def drop_database(admin_url: str, url: str) -> None:
    """Away with it, whoever is still connected."""
    plain = make_url(admin_url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(plain, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {make_url(url).database} WITH (FORCE)")


@pytest.fixture
def database_url(servers: Servers) -> Iterator[str]:
    """An empty database of the test's own."""
    url = create_database(servers.database_url)
    yield url
    drop_database(servers.database_url, url)


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    engine = connect(database_url)
    yield engine
    engine.dispose()


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    with Session(engine, expire_on_commit=False) as session:
        yield session
