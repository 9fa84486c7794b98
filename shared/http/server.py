"""The HTTP server of one process: accepts, limits, and on request finishes what is in hand."""

import logging
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import eventlet
from eventlet import greenio, hubs, wsgi
from eventlet.semaphore import Semaphore
from nameko.web.server import WebServer
from werkzeug.exceptions import HTTPException
from werkzeug.exceptions import MethodNotAllowed as WrongMethod
from werkzeug.wrappers import Response

from shared.errors import DomainError
from shared.http.problems import MethodNotAllowed, Problem, RouteNotFound, Unavailable, problem_response
from shared.http.reading import leave_unread, read_body, read_upload
from shared.http.request import HttpRequest
from shared.http.telemetry import in_progress, observe

log = logging.getLogger("intercoop.http")

MAX_CONNECTIONS = 1000
IDLE_SECONDS = 75
"""How long a connection may wait for its next request."""

RECEIVE_SECONDS = 30
"""How long a request may take to arrive, head and body, however slowly it trickles."""

UPLOAD_SECONDS = 300
"""The same for a file."""

QUEUE_SECONDS = 5
"""How long a request may wait for a worker."""

LAST_SECONDS = 1
"""While stopping: how long an open connection may still bring a request that was on its way."""

_BUSY = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


class Connection(wsgi.HttpProtocol):  # type: ignore[misc]  # eventlet ships no types
    """One client connection, with a bound on how long each request takes to arrive."""

    timer: Any = None

    def setup(self) -> None:
        self.server.connections.add(self)
        super().setup()

    def finish(self) -> None:
        self.disarm()
        self.server.connections.discard(self)
        super().finish()

    def _read_request_line(self) -> bytes:
        self.arm(LAST_SECONDS if self.server.closing else IDLE_SECONDS)
        line: bytes = super()._read_request_line()
        self.arm(RECEIVE_SECONDS)
        return line

    def get_environ(self) -> dict[str, Any]:
        environ: dict[str, Any] = super().get_environ()
        environ["intercoop.connection"] = self
        return environ

    def arm(self, seconds: float) -> None:
        """Hang up when the caller is not done by then."""
        self.disarm()
        self.timer = hubs.get_hub().schedule_call_global(seconds, greenio.shutdown_safe, self.connection)

    def disarm(self) -> None:
        """What was to arrive has arrived."""
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None

    def is_abandoned(self) -> bool:
        """The caller has hung up. Only reading shows it: the first write to somebody who is gone still succeeds."""
        try:
            return not self.connection.fd.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return False
        except OSError:
            return True


class Listener(wsgi.Server):  # type: ignore[misc]  # see Connection
    """eventlet's server with our connections and without its own log."""

    def __init__(self, sock: socket.socket, application: "Application") -> None:
        self.connections: set[Connection] = set()
        self.closing = False
        super().__init__(
            sock,
            sock.getsockname(),
            application,
            protocol=Connection,
            max_http_version="HTTP/1.1",
            keepalive=IDLE_SECONDS,
            socket_timeout=RECEIVE_SECONDS,
            log_output=False,
            debug=False,
        )


class HttpServer(WebServer):  # type: ignore[misc]  # nameko ships no types
    """nameko's server, which drains: it stops accepting first, then waits until every answer is written."""

    _serv: Any = None
    _places: Any = None

    def start(self) -> None:
        if self._serv is not None:
            return
        self._places = Semaphore(self.container.max_workers)
        self._sock = self.container.config["listener"]
        self._serv = Listener(self._sock, Application(self))
        self._gt = self.container.spawn_managed_thread(self.run)

    def run(self) -> None:
        while not self.is_closing():
            try:
                sock, address = self._sock.accept()
            except OSError as error:
                if self.is_closing():
                    return
                log.warning("can not accept a connection", extra={"error": str(error)})
                eventlet.sleep(0.1)
                continue
            self._take(sock, address)

    def _take(self, sock: Any, address: Any) -> None:
        if len(self._serv.connections) >= MAX_CONNECTIONS:
            sock.settimeout(1)
            sock.sendall(_BUSY)
            greenio.shutdown_safe(sock)
            sock.close()
            return
        sock.settimeout(RECEIVE_SECONDS)
        self.container.spawn_managed_thread(partial(self.process_request, sock, address))

    def process_request(self, sock: Any, address: Any) -> None:
        # A managed thread that raises takes the whole service down; what goes wrong with one connection must not.
        try:
            self._serv.process_request([address, sock, wsgi.STATE_IDLE])
        except OSError as error:
            log.debug("connection broke", extra={"error": str(error)})
        except Exception:  # a fault of eventlet or of the answer's iteration, whichever: the other callers go on
            log.exception("connection failed")

    @contextmanager
    def place(self) -> Iterator[None]:
        """One of as many places as there are workers, for the block.

        Raises:
            Unavailable: when none gets free in time, since whoever waits without end is told nothing.
        """
        if not self._places.acquire(timeout=QUEUE_SECONDS):
            raise Unavailable(headers={"Retry-After": "5"})
        try:
            yield
        finally:
            self._places.release()

    def is_closing(self) -> bool:
        """The service is stopping; long answers should end."""
        return self._serv is not None and self._serv.closing

    def close(self) -> None:
        """Accept nothing more; connections without a request get a last moment."""
        if self._serv is None or self._serv.closing:
            return
        self._accept_waiting()
        self._serv.closing = True
        self._gt.kill()
        self._sock.close()
        for connection in self._serv.connections:
            if connection.conn_state[2] == wsgi.STATE_IDLE:
                connection.arm(LAST_SECONDS)

    def _accept_waiting(self) -> None:
        """Whoever the kernel has greeted for us already would otherwise be hung up on."""
        self._sock.setblocking(False)
        while True:
            try:
                sock, address = self._sock.fd.accept()
            except OSError:
                return
            self._take(greenio.GreenSocket(sock), address)

    def stop(self) -> None:
        """Return when every answer is written; the process sets the deadline."""
        self.close()
        while self._serv is not None and self._serv.connections:
            eventlet.sleep(0.02)


class Application:
    """The WSGI application: finds the route, and dresses every answer alike."""

    def __init__(self, server: HttpServer) -> None:
        self._server = server
        self._map = server.make_url_map()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        started = time.perf_counter()
        request = HttpRequest(environ)
        response = self._answer(request)
        environ["intercoop.connection"].disarm()
        if self._server.is_closing():
            environ["intercoop.connection"].close_connection = 1
        if response.is_streamed:
            environ["eventlet.minimum_write_chunk_size"] = 1
        _dress(request, response)
        observe(request, response, time.perf_counter() - started)
        return response(environ, start_response)

    def _answer(self, request: HttpRequest) -> Response:
        try:
            provider, request.path_values = self._map.bind_to_environ(request.environ).match()
        except WrongMethod as error:
            return _not_allowed(request, error.valid_methods or ())
        except HTTPException as error:
            if error.code == 308:  # noqa: PLR2004 -- a slash too many; werkzeug made the answer
                return error.get_response(request.environ)
            return problem_response(RouteNotFound(), request.context)
        request.template = provider.url
        with in_progress.track_inprogress():
            return self._handle(provider, request)

    def _handle(self, provider: Any, request: HttpRequest) -> Response:
        try:
            self._receive(provider, request)
            request.environ["intercoop.connection"].disarm()
            response = provider.handle_request(request)
        except (Problem, DomainError) as refusal:
            return problem_response(refusal, request.context)
        finally:
            if request.upload:
                request.upload.file.close()
        assert isinstance(response, Response)
        return response

    def _receive(self, provider: Any, request: HttpRequest) -> None:
        declaration = provider.declaration
        if not declaration.upload:
            request.body = read_body(request, declaration.max_body)
            return
        try:
            provider.admit(request)
        except (Problem, DomainError):
            leave_unread(request)
            raise
        request.environ["intercoop.connection"].arm(UPLOAD_SECONDS)
        request.upload = read_upload(request, declaration.max_body)


def _not_allowed(request: HttpRequest, methods: Any) -> Response:
    allow = ", ".join(sorted({*methods, "OPTIONS"}))
    if request.method == "OPTIONS":
        return Response(status=204, headers={"Allow": allow})
    return problem_response(MethodNotAllowed(headers={"Allow": allow}), request.context)


def _dress(request: HttpRequest, response: Response) -> None:
    headers = response.headers
    headers.setdefault("Content-Language", request.context.language)
    headers.setdefault("Cache-Control", "private, no-cache")
    headers["Vary"] = "Accept-Language, Authorization"
    headers["X-Content-Type-Options"] = "nosniff"
    headers["X-Correlation-Id"] = request.context.correlation_id
