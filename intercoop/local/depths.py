"""How much waits where: outboxes, dead letters and queues of a running instance."""

import json
from base64 import b64encode
from dataclasses import dataclass
from urllib.error import URLError
from urllib.parse import unquote, urlsplit
from urllib.request import Request, urlopen

import psycopg
from sqlalchemy.engine import make_url


@dataclass(frozen=True)
class Backlog:
    """One service's database: events not yet on the broker, the age of the oldest, and dead letters to decide on."""

    outbox_pending: int
    oldest_seconds: float | None
    dead_letters: int


def backlog(database_url: str) -> Backlog | None:
    """None when the database doesn't answer or is not migrated."""
    url = make_url(database_url).set(drivername="postgresql").render_as_string(hide_password=False)
    try:
        with psycopg.connect(url, connect_timeout=3) as connection:
            row = connection.execute(
                """SELECT count(*), extract(epoch FROM now() - min(created_at))::float8,
                          (SELECT count(*) FROM dead_letters WHERE state IN ('dead', 'redriving'))
                   FROM outbox WHERE published_at IS NULL"""
            ).fetchone()
    except (psycopg.OperationalError, psycopg.errors.UndefinedTable):
        return None
    assert row
    return Backlog(*row)


def queue_depths(rabbitmq_api: str, amqp_uri: str) -> dict[str, int] | None:
    """Events in each queue of the URI's virtual host; None when the broker's API doesn't answer.

    Streams are left out: they keep their events anyway.
    """
    if not rabbitmq_api:
        return None
    at = urlsplit(rabbitmq_api)
    login = b64encode(f"{unquote(at.username or '')}:{unquote(at.password or '')}".encode()).decode()
    vhost = urlsplit(amqp_uri).path.removeprefix("/") or "%2F"
    url = f"{at.scheme}://{at.hostname}:{at.port}/api/queues/{vhost}?disable_stats=true&enable_queue_totals=true"
    try:
        with urlopen(Request(url, headers={"Authorization": f"Basic {login}"}), timeout=5) as answer:  # noqa: S310 -- the address is the instance's own
            queues = json.load(answer)
    except (URLError, OSError):
        return None
    return {queue["name"]: queue.get("messages", 0) for queue in queues if queue.get("type") != "stream"}
