"""Services and relays as the real processes they are, each service with a database of its own."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import pika
from sqlalchemy import select
from sqlalchemy.engine import make_url

from intercoop.instance import SERVICES
from intercoop.local.plan import Plan
from intercoop.local.ports import Ports
from intercoop.local.program import Program, tail
from shared.clock import utc_now
from shared.contracts import Event
from shared.database import connect, transaction
from shared.messaging import topology
from shared.messaging.outbox import outbox, publish
from shared.migrations import upgrade
from shared.tracing import Trace
from tests.conftest import Servers, create_database, drop_database, virtual_host
from tests.forking import Process, fork
from tests.waiting import eventually

ALL = (*SERVICES, *(f"{service} relay" for service in SERVICES))


class System:
    """The parts of one instance that a test has started; a part is "funding" or "funding relay"."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self._running: dict[str, tuple[Process, Program]] = {}

    def database_url(self, service: str) -> str:
        return self.plan.instance.services[service].database_url

    def api(self, service: str, *, language: str = "es", correlation_id: str = "") -> httpx.Client:
        """A client with all the staff's scopes."""
        headers = {"Authorization": f"Bearer {self.plan.instance.token()}", "Accept-Language": language}
        if correlation_id:
            headers["X-Correlation-Id"] = correlation_id
        return httpx.Client(base_url=self.plan.instance.services[service].url, headers=headers, timeout=30)

    def say(self, *events: Event, correlation_id: str = "a-test") -> None:
        """Publish as the events' own service would; its relay has to run."""
        for event in events:
            engine = connect(self.database_url(event.publisher()))
            with transaction(engine, Trace(correlation_id=correlation_id)) as session:
                publish(session, event, at=utc_now())
            engine.dispose()

    def said(self, service: str) -> list[tuple[str, str]]:
        """Routing key and body of everything in the service's outbox, oldest first."""
        engine = connect(self.database_url(service))
        with engine.connect() as connection:
            rows = connection.execute(select(outbox.c.topic, outbox.c.body).order_by(outbox.c.id)).all()
        engine.dispose()
        return [(row.topic, row.body) for row in rows]

    def repeat(self, service: str) -> None:
        """Send everything the service ever said once more, as a relay that was killed before it could note it."""
        parameters = pika.URLParameters(self.plan.instance.amqp_uri)
        with pika.BlockingConnection(parameters) as connection:
            channel = connection.channel()
            for topic, body in self.said(service):
                channel.basic_publish(topology.EXCHANGE, topic, body.encode())

    def start(self, *parts: str) -> None:
        """Start the parts and return when the services among them are ready."""
        self.launch(*parts)
        for part in parts:
            if part in SERVICES:
                eventually(lambda part=part: self.answers(part, "/health/ready"), within=90, every=0.1)

    def launch(self, *parts: str) -> None:
        """Start the parts and wait for nothing."""
        for part in parts:
            service, _, relay = part.partition(" ")
            program = self.plan.relay(service) if relay else self.plan.service(service)
            self._running[part] = (begin(program), program)

    def stop(self, *parts: str) -> None:
        """SIGTERM, as an orchestrator does it; it must end well."""
        for part in parts:
            process, program = self._running.pop(part)
            end(process, program)
            assert process.returncode == 0, f"{part} ended with {process.returncode}\n{tail(program.log)}"

    def kill(self, part: str) -> None:
        """kill -9."""
        process, _ = self._running.pop(part)
        process.kill()
        process.wait()

    def stop_all(self) -> None:
        for process, _ in self._running.values():
            process.terminate()
        for process, program in self._running.values():
            end(process, program)

    def answers(self, service: str, path: str) -> bool:
        """Whether the service, which must not have ended, says that it is well."""
        process, program = self._running[service]
        assert process.poll() is None, f"{service} ended\n{tail(program.log)}"
        try:
            return httpx.get(f"{self.plan.instance.services[service].url}{path}", timeout=5).is_success
        except httpx.TransportError:
            return False


def begin(program: Program) -> Process:
    """Run one of our own commands from where its imports are over, and any other program from its start."""
    _, _, module, command, service = (*program.argv, *[""] * 2)[:5]
    if module != "intercoop":
        return program.start()
    is_service = command == "serve"
    theirs = ("shared.worker", f"services.{service}.service") if is_service else ()
    program.log.parent.mkdir(parents=True, exist_ok=True)
    return fork(
        "intercoop",
        command,
        service,
        log=program.log,
        env=program.env,
        imports=(f"intercoop.commands.{command}", *theirs),
        kind="patched" if is_service else "plain",
        cwd=program.cwd,
        session=True,
    )


def end(process: Process, program: Program) -> None:
    """Ask it to stop, and kill it when its time is over."""
    process.send_signal(program.stop_signal)
    try:
        process.wait(program.stop_seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def create_migrated(servers: Servers, service: str) -> str:
    """A new database's URL; each service's is migrated once in a run and copied from then on."""
    if service not in servers.migrated:
        servers.migrated[service] = create_database(servers.database_url)
        upgrade(service, servers.migrated[service])
    return create_database(servers.database_url, template=make_url(servers.migrated[service]).database or "")


@contextmanager
def migrated(servers: Servers, service: str) -> Iterator[str]:
    """The URL of a database with the service's tables, there as long as the block lasts."""
    url = create_migrated(servers, service)
    try:
        yield url
    finally:
        drop_database(servers.database_url, url)


@contextmanager
def system(servers: Servers, home: Path, *, smtp_url: str = "smtp://127.0.0.1:9") -> Iterator[System]:
    """A system with migrated databases in which nothing runs yet; whatever runs at the end is stopped."""
    with ExitStack() as stack:
        amqp_uri = stack.enter_context(virtual_host(servers.amqp_uri, servers.rabbitmq_api))
        urls = {service: create_migrated(servers, service) for service in SERVICES}
        for url in urls.values():
            stack.callback(drop_database, servers.database_url, url)
        named = {f"DATABASE_URL_{service.upper()}": url for service, url in urls.items()}
        plan = Plan(home, {**os.environ, **named, "AMQP_URI": amqp_uri, "SMTP_URL": smtp_url})
        vars(plan)["ports"] = Ports.free()
        plan.prepare()
        running = System(plan)
        stack.callback(running.stop_all)
        yield running
