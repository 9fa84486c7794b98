"""Starts our side of a measurement: a service with one entrypoint, as `intercoop serve` would, or a whole one."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from harness import HERE, OURS, free_port, program

from intercoop.keys import make_keys, sign_token
from shared.clock import utc_now

ISSUER, AUDIENCE = "urn:intercoop:bench", "intercoop"
SCOPES = ("membership:read", "membership:write", "membership:approve")


@contextmanager
def service(script: str, *arguments: str, vhost: str, database: str) -> Iterator[tuple[int, str]]:
    """A script of ours that serves what is measured, and nothing else: its port, and a token that opens it."""
    with serving(HERE / "ours" / script, *arguments, vhost=vhost, database=database) as (_, port, token):
        yield port, token


@contextmanager
def serving(*command: object, vhost: str, database: str) -> Iterator[tuple[int, int, str]]:
    """The number of the process, its port, and a token that opens it."""
    with TemporaryDirectory() as folder:
        key_file, jwks, port = Path(folder) / "key.pem", Path(folder) / "jwks.json", free_port()
        make_keys(key_file=key_file, jwks=jwks)
        environment = {
            "DATABASE_URL": database,
            "AMQP_URI": vhost,
            "HTTP_PORT": str(port),
            "AUTH_JWKS": str(jwks),
            "AUTH_ISSUER": ISSUER,
            "AUTH_AUDIENCE": AUDIENCE,
            "FILES_URL": (Path(folder) / "files").as_uri(),
            "LINK_SECRET": "of-no-use-after-this-run",
            "PUBLIC_URL": f"http://127.0.0.1:{port}",
        }
        token = sign_token(
            key_file, issuer=ISSUER, audience=AUDIENCE, subject="bench", scopes=SCOPES,
            lifetime=timedelta(hours=1), now=utc_now(),
        )  # fmt: skip
        with program(OURS, *command, ready='"message":"ready"', **environment) as process:
            yield process.pid, port, token
