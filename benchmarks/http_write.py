"""Row: an HTTP write with its outbox row, beside the same endpoint in FastAPI and SQLAlchemy on one uvicorn worker."""

import json

from harness import HERE, OURS, PEERS, Bench, Row, answer, faster, free_port, program, value
from instance import service
from material import MEMBERS_TABLE, create_plumbing

REQUESTS, CONNECTIONS = 2000, 16
BODY = json.dumps({"name": "Cooperativa de Trabajo {n} Limitada", "country": "AR", "standing": "current"})
PEER_OUTBOX = """
    CREATE TABLE peer_outbox (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, event_id uuid NOT NULL UNIQUE,
        topic text NOT NULL, body text NOT NULL, created_at timestamptz NOT NULL DEFAULT now())
"""


def load(port: int, requests: int, *headers: str) -> float:
    """Answers per second on kept-alive connections, all of them 201."""
    options = [option for header in headers for option in ("--header", header)]
    command = (HERE / "load.py", port, "/v1/members", BODY, "--requests", requests, "--connections", CONNECTIONS)
    return requests / answer(OURS, *command, *options)["seconds"]


def written(database: str, table: str) -> None:
    """Every answer stands for a member and an outbox row."""
    expected = REQUESTS + CONNECTIONS
    for name in ("members", table):
        if (found := value(database, f"SELECT count(*) FROM {name}")) != expected:
            raise SystemExit(f"{name} holds {found} rows, not {expected}")


def ours(bench: Bench) -> float:
    with bench.vhost() as vhost, bench.database(MEMBERS_TABLE) as database:
        create_plumbing(database)
        with service("members.py", vhost=vhost, database=database) as (port, token):
            load(port, CONNECTIONS, f"Authorization: Bearer {token}")
            rate = load(port, REQUESTS, f"Authorization: Bearer {token}")
        written(database, "outbox")
    return rate


def peer(bench: Bench) -> float:
    port = free_port()
    with bench.database(MEMBERS_TABLE, PEER_OUTBOX) as database:
        where = {"DATABASE_URL": database, "HTTP_PORT": str(port)}
        with program(PEERS, HERE / "peers/fastapi_app.py", ready="peer is ready", **where):
            load(port, CONNECTIONS)
            rate = load(port, REQUESTS)
        written(database, "peer_outbox")
    return rate


def measure(bench: Bench) -> list[Row]:
    mine, theirs = [], []
    for _ in range(bench.rounds):
        mine.append(ours(bench))
        theirs.append(peer(bench))
        bench.say(f"ours {mine[-1]:.0f}, FastAPI {theirs[-1]:.0f} answers/s")
    how = (
        f"{REQUESTS} POSTs on {CONNECTIONS} kept-alive connections from another process; ours also checks the token, "
        "numbers the subject's version, logs and counts; bound by the CPU of one process and the database's commits"
    )
    return [faster("http write", mine, theirs, bar=1, unit="answers/s", how=how)]
