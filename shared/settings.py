"""What a process needs to know from its environment, read once."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self


class MissingSetting(SystemExit):
    """A variable without which the process can't start."""


def required(env: Mapping[str, str], name: str) -> str:
    """The variable's value; stops the start with its name when it is missing or empty."""
    value = env.get(name, "").strip()
    if not value:
        raise MissingSetting(f"missing setting: the environment variable {name} must be set")
    return value


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Settings of one service. Addresses and secrets have no default; DATABASE_URL_<SERVICE> wins over DATABASE_URL."""

    service: str
    database_url: str
    amqp_uri: str
    http_host: str
    http_port: int
    jwks: str
    token_issuer: str
    token_audience: str
    link_secret: str
    public_url: str

    @classmethod
    def from_env(cls, service: str, env: Mapping[str, str]) -> Self:
        return cls(
            service=service,
            database_url=database_url(service, env),
            amqp_uri=amqp_uri(service, env),
            http_host=env.get("HTTP_HOST", "127.0.0.1"),
            http_port=int(required(env, "HTTP_PORT")),
            jwks=required(env, "AUTH_JWKS"),
            token_issuer=required(env, "AUTH_ISSUER"),
            token_audience=env.get("AUTH_AUDIENCE", "intercoop"),
            link_secret=required(env, "LINK_SECRET"),
            public_url=required(env, "PUBLIC_URL"),
        )


def database_url(service: str, env: Mapping[str, str]) -> str:
    """The service's own database."""
    name = f"DATABASE_URL_{service.upper()}"
    return env[name] if env.get(name) else required(env, "DATABASE_URL")


def amqp_uri(service: str, env: Mapping[str, str]) -> str:
    """The broker, with the service's own user where there is one (AMQP_URI_<SERVICE>)."""
    name = f"AMQP_URI_{service.upper()}"
    return env[name] if env.get(name) else required(env, "AMQP_URI")
