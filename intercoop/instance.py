"""Where the running system is: written by `intercoop up`, read by every command that needs its addresses."""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path
from typing import Self

import click

from intercoop.keys import sign_token
from shared.clock import utc_now
from shared.contracts.catalogue import BY_PUBLISHER
from shared.settings import amqp_uri, database_url

SERVICES = tuple(BY_PUBLISHER)
STAFF_SCOPES = (
    *(f"{service}:{right}" for service in SERVICES for right in ("read", "write")),
    "membership:approve",
    "membership:export",
    "funding:approve",
    "feed:read",
    "ops",
)
ISSUER = "urn:intercoop:local"
AUDIENCE = "intercoop"


def home() -> Path:
    """The folder of this instance: INTERCOOP_HOME, or .local where we stand."""
    return Path(os.environ.get("INTERCOOP_HOME") or ".local").expanduser().resolve()


@dataclass(frozen=True, kw_only=True)
class ServiceAddress:
    """Where one service answers, and with what it reaches its database and the broker."""

    url: str
    http_port: int
    database_url: str
    amqp_uri: str


@dataclass(frozen=True, kw_only=True)
class Instance:
    """Addresses and keys of one running system. `rabbitmq_api`, `key_file` and `mail` are empty where there is none."""

    services: dict[str, ServiceAddress]
    amqp_uri: str
    rabbitmq_api: str
    smtp_url: str
    mail: str
    jwks: str
    key_file: str
    issuer: str
    audience: str
    link_secret: str

    @classmethod
    def load(cls) -> Self:
        """The local instance `up` wrote down; in a container, where there is none, what the environment says."""
        path = home() / "instance.json"
        return cls._from_file(path) if path.exists() else cls.from_env(os.environ)

    @classmethod
    def _from_file(cls, path: Path) -> Self:
        known = json.loads(path.read_text(encoding="utf-8"))
        return cls(**known | {"services": {name: ServiceAddress(**at) for name, at in known["services"].items()}})

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Self:
        """DATABASE_URL_<SERVICE>, AMQP_URI and PUBLIC_URL_<SERVICE>, as the services themselves read them."""
        return cls(
            services={name: _address(name, env) for name in SERVICES},
            amqp_uri=env.get("AMQP_URI", ""),
            rabbitmq_api=env.get("RABBITMQ_API", ""),
            smtp_url=env.get("SMTP_URL", ""),
            mail=env.get("MAIL_FOLDER", ""),
            jwks=env.get("AUTH_JWKS", ""),
            key_file=env.get("AUTH_KEY_FILE", ""),
            issuer=env.get("AUTH_ISSUER", ISSUER),
            audience=env.get("AUTH_AUDIENCE", AUDIENCE),
            link_secret=env.get("LINK_SECRET", ""),
        )

    def save(self, path: Path) -> None:
        """Write it for this user alone: it holds passwords."""
        half = path.with_suffix(".new")
        half.touch(mode=0o600)
        half.write_text(json.dumps(asdict(self), indent=2), encoding="utf-8")
        half.replace(path)

    def token(
        self,
        *,
        scopes: tuple[str, ...] = STAFF_SCOPES,
        subject: str = "staff@localhost",
        roles: tuple[str, ...] = (),
        lifetime: timedelta = timedelta(hours=12),
    ) -> str:
        """A bearer token this instance's services accept; only where we hold the signing key."""
        if not self.key_file:
            raise click.ClickException("no signing key here: tokens come from the identity provider behind AUTH_JWKS")
        if not Path(self.key_file).exists():
            raise click.ClickException(f"the signing key {self.key_file} is not made yet; try again in a moment")
        return sign_token(
            Path(self.key_file),
            issuer=self.issuer,
            audience=self.audience,
            subject=subject,
            scopes=scopes,
            roles=roles,
            lifetime=lifetime,
            now=utc_now(),
        )


def _address(service: str, env: Mapping[str, str]) -> ServiceAddress:
    """Raises MissingSetting when the environment doesn't name the service's database or the broker."""
    return ServiceAddress(
        url=env.get(f"PUBLIC_URL_{service.upper()}", f"http://{service}:8000"),
        http_port=8000,
        database_url=database_url(service, env),
        amqp_uri=amqp_uri(service, env),
    )
