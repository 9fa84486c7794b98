"""A private RabbitMQ node made from the installed rabbitmq-server, apart from any other node of the machine."""

import hashlib
import json
import os
import secrets
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from intercoop.broker_definitions import ADMINISTRATOR, VHOST, definitions
from intercoop.local.ports import HOST, Ports, answers
from intercoop.local.program import Program

KNOWN_PLACES = (
    "/usr/lib/rabbitmq/bin/rabbitmq-server",
    "/opt/homebrew/opt/rabbitmq/sbin/rabbitmq-server",
    "/usr/local/opt/rabbitmq/sbin/rabbitmq-server",
    "/opt/rabbitmq/sbin/rabbitmq-server",
)
"""Debian, Homebrew on Apple and on Intel machines, the official container. Never Debian's /usr/sbin/rabbitmq-server:
it changes the user and controls the machine's own node."""


class BrokerMissing(Exception):  # noqa: N818 -- says what it is
    """rabbitmq-server is not installed."""


def installed() -> Path:
    """The start script of the installed RabbitMQ; raises BrokerMissing when there is none."""
    for place in KNOWN_PLACES:
        if Path(place).exists():
            return Path(place)
    raise BrokerMissing("RabbitMQ is not installed; install it (Debian: rabbitmq-server, Homebrew: rabbitmq)")


@dataclass(frozen=True)
class Broker:
    """A node of our own: data, cookie, configuration and logs under `folder`, every listener on loopback."""

    folder: Path
    ports: Ports
    passwords: Mapping[str, str]

    @property
    def node(self) -> str:
        """The node's name, different for every folder."""
        return f"intercoop-{hashlib.sha256(str(self.folder.resolve()).encode()).hexdigest()[:10]}@localhost"

    @property
    def api(self) -> str:
        """The management API with the administrator's password."""
        return f"http://{ADMINISTRATOR}:{quote(self.passwords[ADMINISTRATOR])}@{HOST}:{self.ports['management']}"

    def uri(self, user: str = ADMINISTRATOR) -> str:
        """Where `user` (a service, or the administrator) connects to."""
        return f"amqp://{user}:{quote(self.passwords[user])}@{HOST}:{self.ports['amqp']}/{VHOST}"

    def prepare(self) -> None:
        """Write the node's configuration, users and policies; the next start of the node applies them."""
        for name in ("data", "log", "conf.d"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        self._write_cookie()
        self._write("enabled_plugins", "[rabbitmq_management,rabbitmq_prometheus].\n")
        self._write("rabbitmq-env.conf", "")
        self._write("advanced.config", "[].\n")
        self._write("definitions.json", json.dumps(definitions(self.passwords)))
        self._write("rabbitmq.conf", self._configuration())

    def ready(self) -> bool:
        """Whether clients may connect: the node opens its AMQP port last."""
        return answers(self.ports["amqp"]) and answers(self.ports["management"])

    def programs(self, logs: Path) -> tuple[Program, Program]:
        """The port mapper and the node, in this order."""
        return (
            Program(
                name="epmd",
                argv=(epmd(), "-port", str(self.ports["epmd"]), "-address", HOST),
                log=logs / "epmd.log",
                cwd=self.folder,
                env=self.environment(),
                stop_seconds=2,
            ),
            Program(
                name="broker",
                argv=(str(installed()),),
                log=logs / "broker.log",
                cwd=self.folder,
                env=self.environment(),
                stop_seconds=60,
            ),
        )

    def environment(self) -> dict[str, str]:
        """The node's environment, also for rabbitmqctl and its like; nothing of the machine's own node gets in."""
        here = self.folder
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            "LANG": "C.UTF-8",
            "HOME": str(here),
            "ERL_EPMD_ADDRESS": HOST,
            "ERL_EPMD_PORT": str(self.ports["epmd"]),
            # Without it the start script stays between us and the node, which would outlive it when killed.
            "RUNNING_UNDER_SYSTEMD": "true",
            "RABBITMQ_NODENAME": self.node,
            "RABBITMQ_MNESIA_BASE": str(here / "data"),
            "RABBITMQ_LOG_BASE": str(here / "log"),
            "RABBITMQ_CONFIG_FILE": str(here / "rabbitmq"),
            "RABBITMQ_CONFIG_FILES": str(here / "conf.d"),
            "RABBITMQ_ADVANCED_CONFIG_FILE": str(here / "advanced.config"),
            "RABBITMQ_CONF_ENV_FILE": str(here / "rabbitmq-env.conf"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(here / "enabled_plugins"),
            "RABBITMQ_DIST_PORT": str(self.ports["distribution"]),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
        }

    def _configuration(self) -> str:
        return "\n".join(
            (
                f"listeners.tcp.1 = {HOST}:{self.ports['amqp']}",
                f"management.tcp.ip = {HOST}",
                f"management.tcp.port = {self.ports['management']}",
                f"prometheus.tcp.ip = {HOST}",
                f"prometheus.tcp.port = {self.ports['metrics']}",
                "log.file.rotation.size = 10485760",
                "log.file.rotation.count = 2",
                f"load_definitions = {self.folder / 'definitions.json'}",
                "",
            )
        )

    def _write_cookie(self) -> None:
        cookie = self.folder / ".erlang.cookie"
        if not cookie.exists():
            cookie.touch(mode=0o600)
            cookie.write_text(secrets.token_hex(16).upper())
            cookie.chmod(0o400)

    def _write(self, name: str, text: str) -> None:
        path = self.folder / name
        path.touch(mode=0o600)
        path.write_text(text, encoding="utf-8")


def epmd() -> str:
    """Erlang's port mapper: on the path, or where Homebrew's Erlang keeps it."""
    elsewhere = (Path(root).glob("lib/erlang/erts-*/bin/epmd") for root in ("/opt/homebrew", "/usr/local"))
    found = shutil.which("epmd") or next((str(path) for paths in elsewhere for path in paths), None)
    if found is None:
        raise BrokerMissing("Erlang's epmd is not on the path, though RabbitMQ is installed")
    return found
