"""Follow a service's public events over HTTP. One file, nothing but the standard library: copy it where you need it.

    feed = Feed("https://membership.example.org", token=lambda: "…")
    for event in feed.follow(Cursor(Path("membership.cursor")), types=["membership.member.#"]):
        store(event)

An event counts as handled when the next one is asked for, and the cursor's file says so before that one is handed
over. After a crash it goes on behind the last handled event; only one that was in hand at that moment comes again.
"""

import json
import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.message import Message
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

BATCH = "application/cloudevents-batch+json"
PAGE = 100
WAIT_SECONDS = 30
ANSWER_SECONDS = 15
LONGEST_PAUSE_SECONDS = 30.0
_PASSING = {408, 425, 429}


@dataclass(frozen=True, kw_only=True)
class Event:
    """A CloudEvent. `data` is the fact by the schema of its type; ignore fields you don't know.

    `attributes` holds everything but `data`: also extensions such as subjectversion, correlationid or sandbox.
    """

    id: str
    source: str
    type: str
    subject: str
    time: datetime | None
    data: Any
    attributes: Mapping[str, Any]

    @classmethod
    def of(cls, cloud_event: Mapping[str, Any]) -> "Event":
        """The event in structured JSON.

        Raises:
            ValueError: when a required attribute is missing or the version of CloudEvents is not 1.x.
        """
        attributes = {name: value for name, value in cloud_event.items() if name != "data"}
        if missing := {"id", "source", "type", "specversion"} - attributes.keys():
            raise ValueError(f"no CloudEvent: {', '.join(sorted(missing))} missing")
        if not attributes["specversion"].startswith("1."):
            raise ValueError(f"CloudEvents version {attributes['specversion']} is not 1.x")
        said = attributes.get("time")
        return cls(
            id=attributes["id"],
            source=attributes["source"],
            type=attributes["type"],
            subject=attributes.get("subject", ""),
            time=datetime.fromisoformat(said) if said else None,
            data=cloud_event.get("data"),
            attributes=attributes,
        )

    def to_json(self) -> str:
        """Structured JSON, in one line."""
        return json.dumps({**self.attributes, "data": self.data}, ensure_ascii=False, separators=(",", ":"))


class Refused(Exception):  # noqa: N818 -- what the service did
    """The service won't answer this however often it is asked: `status` and its problem document (RFC 9457)."""

    def __init__(self, status: int, problem: Mapping[str, Any]) -> None:
        self.status, self.problem = status, problem
        super().__init__(f"{status}: {problem.get('detail') or problem.get('title') or 'refused'}")


class PositionGone(Refused):
    """The cursor is older than what is kept; all events from `oldest` on are there."""

    def __init__(self, status: int, problem: Mapping[str, Any], oldest: int) -> None:
        super().__init__(status, problem)
        self.oldest = oldest


class Unreachable(Exception):  # noqa: N818 -- the state it reports
    """No answer, or one that will pass; worth trying again after `seconds`, if the service said so."""

    def __init__(self, reason: str, seconds: float | None = None) -> None:
        self.seconds = seconds
        super().__init__(reason)


@dataclass(frozen=True, kw_only=True)
class Page:
    """Some events in order; `position` is the cursor behind them."""

    events: list[Event]
    position: str


class Cursor:
    """How far a reader has come, in memory or, with `path`, in a small file that is never half written.

    `start` is where a new cursor begins: "first", "latest", a position, or a moment with its time zone.
    """

    def __init__(self, path: Path | None = None, *, start: str | datetime = "first") -> None:
        self._path = path
        self.start: str | datetime = start
        self.handled: set[str] = set()
        if path and path.exists():
            known = json.loads(path.read_text(encoding="utf-8"))
            self.start, self.handled = known["after"], set(known["handled"])

    def query(self) -> dict[str, str]:
        """The parameters that name the place."""
        if isinstance(self.start, datetime):
            return {"since": self.start.isoformat()}
        return {} if self.start == "first" else {"after": self.start}

    def note(self, event: Event) -> None:
        """This one is handled."""
        self.handled.add(event.id)
        self._save()

    def move(self, page: Page) -> None:
        """All of this page is handled."""
        self.start = page.position
        self.handled -= {event.id for event in page.events}
        self._save()

    def _save(self) -> None:
        # Before the first page there is no position that could be kept.
        if self._path and isinstance(self.start, str) and self.start.isdigit():
            half = self._path.with_suffix(".new")
            half.write_text(json.dumps({"after": self.start, "handled": sorted(self.handled)}), encoding="utf-8")
            half.replace(self._path)


class Feed:
    """The feed of one service. `token` is asked before each call, so that it can be renewed."""

    def __init__(self, url: str, *, token: Callable[[], str]) -> None:
        self._url, self._token = url.rstrip("/"), token

    def page(
        self,
        place: Mapping[str, str],
        *,
        types: Sequence[str] = (),
        subject: str | None = None,
        compacted: bool = False,
        limit: int = PAGE,
        wait: float = 0,
    ) -> Page:
        """The events at `place` (see `Cursor.query`); with `wait`, up to so many seconds until there is one.

        `types` are topic patterns: membership.member.*.v1, membership.#. With `compacted`, of what is older than the
        service keeps, the last event of each subject is enough.

        Raises:
            Refused: when asking again is of no use; PositionGone among them.
            Unreachable: when it may be.
        """
        query = [*place.items(), ("limit", str(limit)), ("wait", str(wait)), *(("type", name) for name in types)]
        query += [("subject", subject)] if subject else []
        query += [("compacted", "true")] if compacted else []
        headers, body = self._get(f"/feed?{urlencode(query)}", within=wait + ANSWER_SECONDS)
        return Page(events=[Event.of(item) for item in json.loads(body)], position=headers["Feed-Position"])

    def follow(
        self,
        cursor: Cursor,
        *,
        types: Sequence[str] = (),
        subject: str | None = None,
        compacted: bool = False,
        trouble: Callable[[str], None] = lambda _: None,
    ) -> Iterator[Event]:
        """Events from the cursor on, for ever, each once and each subject in order.

        An outage is waited out, longer each time, and told to `trouble`.

        Raises:
            Refused: see `page`.
        """
        tries = 0
        while True:
            try:
                page = self.page(cursor.query(), types=types, subject=subject, compacted=compacted, wait=WAIT_SECONDS)
            except Unreachable as error:
                trouble(str(error))
                time.sleep(error.seconds or _pause(tries))
                tries += 1
                continue
            tries = 0
            for event in page.events:
                if event.id not in cursor.handled:
                    yield event
                    cursor.note(event)
            cursor.move(page)

    def _get(self, address: str, *, within: float) -> tuple[Message, bytes]:
        headers = {"Accept": BATCH, "Authorization": f"Bearer {self._token()}"}
        try:
            with urlopen(Request(self._url + address, headers=headers), timeout=within) as answer:  # noqa: S310 -- the caller names the service
                return answer.headers, answer.read()
        except HTTPError as error:
            with error:
                raise _refusal(error) from error
        except (OSError, HTTPException) as error:
            raise Unreachable(f"{self._url}: {error or type(error).__name__}") from error


def _refusal(error: HTTPError) -> Refused | Unreachable:
    after = error.headers.get("Retry-After", "")
    if error.code >= 500 or error.code in _PASSING:  # noqa: PLR2004 -- the service's own trouble
        return Unreachable(f"{error.url.partition('?')[0]}: {error.code}", float(after) if after.isdigit() else None)
    try:
        problem = json.loads(error.read())
    except ValueError:
        problem = {}
    oldest = error.headers.get("Feed-Oldest-Position")
    return PositionGone(error.code, problem, int(oldest)) if oldest else Refused(error.code, problem)


def _pause(tries: int) -> float:
    """Spread, so that clients of a service that was away don't all come back at once."""
    return min(LONGEST_PAUSE_SECONDS, 0.25 * 2.0 ** min(tries, 16)) * random.uniform(0.5, 1)  # noqa: S311 -- see above
