"""What one instance consists of: its folder, ports, secrets, addresses, and the programs to run."""

import json
import secrets
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from intercoop.broker_definitions import ADMINISTRATOR
from intercoop.instance import AUDIENCE, ISSUER, SERVICES, Instance, ServiceAddress
from intercoop.keys import make_keys
from intercoop.local.broker import Broker
from intercoop.local.ports import DEFAULT_BASE, HOST, Ports
from intercoop.local.postgres import SUPERUSER, Database
from intercoop.local.program import Program

BROKER_PORTS = ("epmd", "amqp", "management", "distribution", "metrics")
MAIL_FROM = "Intercoop <no-reply@intercoop.invalid>"


class BadPortBase(Exception):  # noqa: N818 -- says what it is
    """INTERCOOP_PORT_BASE is no usable number."""


@dataclass(frozen=True)
class Plan:
    """One instance under `home`. Servers named in the environment are used, the others are ours."""

    home: Path
    env: Mapping[str, str]

    @cached_property
    def ports(self) -> Ports:
        """The ports from INTERCOOP_PORT_BASE on."""
        base = self.env.get("INTERCOOP_PORT_BASE") or str(DEFAULT_BASE)
        if not base.isdecimal() or not 1024 <= int(base) <= 65_000:  # noqa: PLR2004 -- the ports an ordinary user may have
            raise BadPortBase(f"INTERCOOP_PORT_BASE must be a number from 1024 to 65000, not {base!r}")
        return Ports.from_base(int(base))

    @property
    def logs(self) -> Path:
        """Where each program's output goes."""
        return self.home / "logs"

    @property
    def mail(self) -> Path:
        """Where the mail catcher keeps mails."""
        return self.home / "mail"

    @property
    def records(self) -> Path:
        """What runs now."""
        return self.home / "processes.json"

    @cached_property
    def broker(self) -> Broker | None:
        """Our own node, unless AMQP_URI names another broker."""
        if self.env.get("AMQP_URI"):
            return None
        return Broker(self.home / "broker", self.ports, self._secrets)

    @cached_property
    def database(self) -> Database | None:
        """Our own server, unless the environment names every service's database."""
        if all(self.foreign_database(service) for service in SERVICES):
            return None
        return Database(self.home / "postgres", self.ports["database"], self._secrets[SUPERUSER])

    def database_roles(self) -> dict[str, str]:
        """Name and password of each service whose database is on our own server."""
        return {service: self._secrets[service] for service in SERVICES if not self.foreign_database(service)}

    def needed_ports(self) -> list[str]:
        """The ports our own programs listen on."""
        return [
            *SERVICES,
            *(f"{service} relay" for service in SERVICES),
            *(BROKER_PORTS if self.broker else ()),
            *(("database",) if self.database else ()),
            *(() if self.env.get("SMTP_URL") else ("smtp",)),
        ]

    def prepare(self) -> None:
        """Make the folder, the keys and the secrets, whichever are missing."""
        self.home.mkdir(parents=True, exist_ok=True)
        self.mail.mkdir(exist_ok=True)
        make_keys(key_file=self.home / "key.pem", jwks=self.home / "jwks.json")
        _keep_previous_logs(self.logs)

    @cached_property
    def instance(self) -> Instance:
        """The addresses as others see them."""
        return Instance(
            services={service: self._address(service) for service in SERVICES},
            amqp_uri=self.broker.uri() if self.broker else self.env["AMQP_URI"],
            rabbitmq_api=self.broker.api if self.broker else self.env.get("RABBITMQ_API", ""),
            smtp_url=self.env.get("SMTP_URL") or f"smtp://{HOST}:{self.ports['smtp']}",
            mail=str(self.mail),
            jwks=str(self.home / "jwks.json"),
            key_file=str(self.home / "key.pem"),
            issuer=ISSUER,
            audience=AUDIENCE,
            link_secret=self._secrets["link"],
        )

    def python_environment(self) -> dict[str, str]:
        """What our own commands see: who calls, plus this instance."""
        addresses = {
            f"DATABASE_URL_{service.upper()}": at.database_url for service, at in self.instance.services.items()
        }
        return {**self.env, **addresses, "INTERCOOP_HOME": str(self.home), "PYTHONUNBUFFERED": "1"}

    def service(self, service: str) -> Program:
        """`intercoop serve`."""
        return self._command("serve", service, self._service_environment(service))

    def relay(self, service: str) -> Program:
        """`intercoop relay`."""
        metrics = {"RELAY_METRICS_PORT": str(self.ports[f"{service} relay"])}
        return self._command("relay", service, self._service_environment(service) | metrics)

    def mail_catcher(self) -> Program | None:
        """The local mail server, unless SMTP_URL names another."""
        if self.env.get("SMTP_URL"):
            return None
        arguments = ("-m", "intercoop.local.mail_catcher", str(self.mail), str(self.ports["smtp"]))
        return self._python("mail", arguments, self.python_environment())

    def _command(self, command: str, service: str, env: Mapping[str, str]) -> Program:
        name = service if command == "serve" else f"{service} {command}"
        return self._python(name, ("-m", "intercoop", command, service), env)

    def _python(self, name: str, arguments: tuple[str, ...], env: Mapping[str, str]) -> Program:
        log = self.logs / f"{name.replace(' ', '-')}.log"
        return Program(name=name, argv=(sys.executable, *arguments), log=log, cwd=self.home, env=env)

    def _service_environment(self, service: str) -> dict[str, str]:
        at, instance = self.instance.services[service], self.instance
        return {
            **self.python_environment(),
            "DATABASE_URL": at.database_url,
            "AMQP_URI": at.amqp_uri,
            "HTTP_HOST": HOST,
            "HTTP_PORT": str(at.http_port),
            "PUBLIC_URL": at.url,
            "AUTH_JWKS": instance.jwks,
            "AUTH_ISSUER": instance.issuer,
            "AUTH_AUDIENCE": instance.audience,
            "LINK_SECRET": instance.link_secret,
            "FILES_URL": self.env.get("FILES_URL") or (self.home / "files").absolute().as_uri(),
            "SMTP_URL": instance.smtp_url,
            "MAIL_FROM": self.env.get("MAIL_FROM") or MAIL_FROM,
        }

    def _address(self, service: str) -> ServiceAddress:
        port = self.ports[service]
        amqp = self.broker.uri(service) if self.broker else self.env["AMQP_URI"]
        return ServiceAddress(
            url=f"http://{HOST}:{port}",
            http_port=port,
            database_url=self.foreign_database(service) or self._own_database(service),
            amqp_uri=self.env.get(f"AMQP_URI_{service.upper()}") or amqp,
        )

    def foreign_database(self, service: str) -> str:
        """The database the environment names for the service; empty when it is on our own server."""
        return self.env.get(f"DATABASE_URL_{service.upper()}") or ""

    def _own_database(self, service: str) -> str:
        assert self.database
        return self.database.url(user=service, password=self._secrets[service], database=service)

    @cached_property
    def _secrets(self) -> dict[str, str]:
        """Made once per instance, kept for this user alone."""
        path = self.home / "secrets.json"
        known = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        names = (SUPERUSER, ADMINISTRATOR, "link", *SERVICES)
        if missing := [name for name in names if name not in known]:
            known |= {name: secrets.token_urlsafe(24) for name in missing}
            self.home.mkdir(parents=True, exist_ok=True)
            path.touch(mode=0o600)
            path.write_text(json.dumps(known), encoding="utf-8")
        return dict(known)


def _keep_previous_logs(folder: Path) -> None:
    """Each start begins new logs and keeps those of the start before."""
    folder.mkdir(exist_ok=True)
    for log in folder.glob("*.log"):
        log.replace(log.with_suffix(".log.1"))
