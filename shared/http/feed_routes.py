"""`/feed`: a service's public events over HTTP, as pages with long poll or as server-sent events."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from time import monotonic
from typing import Any, ClassVar, cast
from urllib.parse import urlencode

from marshmallow import Schema, fields, validate
from nameko.extensions import DependencyProvider
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.wrappers import Response

from shared.http.call import Call
from shared.http.problems import BadParameter, Problem, Unavailable
from shared.http.routing import route
from shared.messaging import feed
from shared.messaging.feed import Batch, Choice, Tail

BATCH = "application/cloudevents-batch+json"
STREAM = "text/event-stream"
SCOPE = "feed:read"

MOST_EVENTS = 1000
LONGEST_WAIT = 60
HEARTBEAT_SECONDS = 15.0
LONGEST_STREAM_SECONDS = 3600.0
"""A stream outlives its token by no more than this; the client comes back by itself."""

RETRY_MILLISECONDS = 2000
PAGE = 200


class FeedQuery(Schema):
    """Where to go on, and which events."""

    after = fields.String(
        validate=validate.Regexp(r"\A(0|[1-9]\d{0,17}|latest)\Z", error="Must be a position, or latest."),
        metadata={
            "description": "The position of the last event seen; 0, or none, for the first there is.",
            "example": "0",
        },
    )
    since = fields.AwareDateTime(
        metadata={"description": "In place of `after`: begin with what was published at or after this moment."}
    )
    limit = fields.Integer(load_default=100, validate=validate.Range(1, MOST_EVENTS))
    wait = fields.Float(
        load_default=0.0,
        validate=validate.Range(0, LONGEST_WAIT),
        metadata={"description": "Seconds to wait for an event when there is none yet.", "example": 1.5},
    )
    type = fields.List(
        fields.String(),
        load_default=list,
        metadata={"description": "Topic pattern, may be repeated", "example": ["membership.member.*.v1", "events.#"]},
    )
    subject = fields.String(
        metadata={
            "description": "Only events about this subject",
            "example": "member/01927f7e-8000-7000-8000-000000000000",
        }
    )
    compacted = fields.Boolean(
        load_default=False,
        metadata={"description": "Of what is older than the retention, the last event of each subject is enough."},
    )


class PositionGone(Problem):
    """The cursor is older than what is kept."""

    status, title = 410, "Gone"
    message = (
        "Events after this position are no longer all kept. The oldest complete position is {oldest}: go on with "
        "after={cursor}, or with compacted=true to get the last event of each older subject."
    )


class FeedTail(DependencyProvider):  # type: ignore[misc] # nameko ships no types
    """The process's one tail."""

    def setup(self) -> None:
        self.tail = Tail(self.container.config["engine"])

    def stop(self) -> None:
        self.tail.close()

    def get_dependency(self, worker_ctx: Any) -> Tail:
        return self.tail


@dataclass(frozen=True, kw_only=True)
class Reader:
    """One client: what it wants, and how to know that it has hung up or the process is ending."""

    engine: Engine
    tail: Tail
    choice: Choice
    limit: int
    compacted: bool
    closing: Callable[[], bool]

    def read(self, after: int, limit: int) -> Batch:
        return feed.read(self.engine, self.choice, after=after, limit=limit, compacted=self.compacted)


class FeedRoutes:
    """Mixed into every service."""

    name: ClassVar[str]
    feed_tail = cast("Tail", FeedTail())

    @route("GET", "/feed", scope=SCOPE, query=FeedQuery, produces=BATCH, waits=True, refuses=(PositionGone,))
    def follow(self, call: Call) -> Response:
        """The service's public events in order, each byte for byte as on the wire.

        The next page is at the Link with rel="next"; Feed-Position is its cursor. With Accept: text/event-stream
        events arrive as they happen, `id` is the position, and Last-Event-ID wins over `after`.
        """
        reader = Reader(
            engine=call.engine,
            tail=self.feed_tail,
            choice=Choice(patterns=_patterns(call.query["type"], self.name), subject=call.query.get("subject")),
            limit=call.query["limit"],
            compacted=call.query["compacted"],
            closing=call.closing,
        )
        streams = call.request.accept_mimetypes.best_match([BATCH, STREAM]) == STREAM
        after = _after(call, streams=streams)
        batch = _first(reader, after)
        if streams:
            return _stream(reader, after)
        link = _link(call)
        return (
            _page(batch, link)
            if batch.events or batch.more or not call.query["wait"]
            else _wait(reader, batch, link, seconds=call.query["wait"])
        )


def _patterns(wanted: list[str], publisher: str) -> tuple[str, ...]:
    patterns = tuple(pattern.removeprefix("coop.intercoop.") for pattern in wanted)
    for pattern in patterns:
        if not feed.is_known(pattern, publisher):
            raise BadParameter("type", "No public event of this service matches; /schemas lists them.")
    return patterns


def _after(call: Call, *, streams: bool) -> int:
    last_seen = call.request.headers.get("Last-Event-ID") if streams else None
    if last_seen is not None:
        if not (last_seen.isascii() and last_seen.isdigit() and len(last_seen) < 19):  # noqa: PLR2004 -- fits 64 bits
            raise BadParameter("Last-Event-ID", "Must be a position.")
        return int(last_seen)
    if "since" in call.query:
        if "after" in call.query:
            raise BadParameter("since", "Give either after or since.")
        return feed.position_at(call.engine, call.query["since"])
    after = call.query.get("after", "0")
    if after != "latest":
        return int(after)
    # Not the call's session: whoever holds one connection and asks for another can starve everybody else.
    with call.engine.connect() as connection:
        return feed.end(connection)


def _first(reader: Reader, after: int) -> Batch:
    try:
        return reader.read(after, reader.limit)
    except feed.Beyond as beyond:
        raise BadParameter("after", "The feed ends at position {end}.", end=beyond.end) from beyond
    except feed.Gone as gone:
        headers = {"Feed-Oldest-Position": str(gone.oldest)}
        raise PositionGone(oldest=gone.oldest, cursor=gone.oldest - 1, headers=headers) from gone


def _link(call: Call) -> str:
    kept = [(name, value) for name, value in call.request.args.items(multi=True) if name not in {"after", "since"}]
    return f"{call.request.path}?{urlencode([*kept, ('after', '')])}"


def _page(batch: Batch, link: str, response: Response | None = None) -> Response:
    response = response or Response(content_type=BATCH)
    response.set_data("[" + ",".join(body for _, body in batch.events) + "]")
    response.headers["Feed-Position"] = str(batch.next)
    response.headers["Link"] = f'<{link}{batch.next}>; rel="next"'
    response.headers["Cache-Control"] = "no-store"
    return response


def _enter(reader: Reader) -> Callable[[], None]:
    try:
        return reader.tail.enter()
    except feed.Crowded as crowded:
        raise Unavailable(headers={"Retry-After": "5"}) from crowded


class LatePage(Response):
    """A page that is filled when the server asks for it: by then the worker is free and only a connection waits."""

    fill: Callable[[Response], None]

    def __call__(self, environ: Any, start_response: Any) -> Any:
        try:
            self.fill(self)
        except BaseException:
            # The server closes what it was given, and it will be given nothing.
            self.close()
            raise
        return super().__call__(environ, start_response)


def _wait(reader: Reader, empty: Batch, link: str, *, seconds: float) -> Response:
    response = LatePage(content_type=BATCH)
    response.call_on_close(_enter(reader))
    response.fill = lambda late: _fill(reader, empty, link, seconds, late)
    return response


def _fill(reader: Reader, empty: Batch, link: str, seconds: float, response: Response) -> None:
    """Events for others may end the wait in vain, so it goes on until there is one for us or time is up."""
    batch, deadline = empty, monotonic() + seconds
    try:
        while not batch.events and reader.tail.wait(batch.next, deadline - monotonic(), reader.closing):
            batch = reader.read(batch.next, reader.limit)
    except (SQLAlchemyError, feed.Gone, feed.Beyond):
        # The cursor is still good, so the client asks again and gets what there is to say about it.
        batch = empty
    _page(batch, link, response)


def _stream(reader: Reader, after: int) -> Response:
    response = Response(_frames(reader, after), content_type=STREAM)
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Accel-Buffering"] = "no"
    response.call_on_close(_enter(reader))
    return response


def _frames(reader: Reader, after: int) -> Iterator[str]:
    """Until the client or the process ends, the stream is old or the database away; it then comes back where it was."""
    yield f"retry: {RETRY_MILLISECONDS}\n\n"
    ends = monotonic() + LONGEST_STREAM_SECONDS
    while not reader.closing() and monotonic() < ends:
        try:
            batch = reader.read(after, PAGE)
        except (SQLAlchemyError, feed.Gone, feed.Beyond):
            return
        yield _frame(batch)
        after = batch.next
        if not batch.more and not reader.tail.wait(after, HEARTBEAT_SECONDS, reader.closing):
            yield ": nothing new\n\n"


def _frame(batch: Batch) -> str:
    """Last a frame without data: it moves the client's Last-Event-ID past events that were not for it."""
    events = [f"id: {position}\ndata: {body}\n\n" for position, body in batch.events]
    return "".join([*events, f"id: {batch.next}\n\n"])
