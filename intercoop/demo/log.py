"""What was seen during the demonstration, and when."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, TypeVar

from shared.clock import utc_now

T = TypeVar("T")

PATIENCE_SECONDS = 30.0
LOOK_SECONDS = 0.02

What = Literal["asked", "published", "did"]


class NotSeen(Exception):  # noqa: N818 -- what is the matter
    """An effect that should have come didn't."""


@dataclass(frozen=True, kw_only=True)
class Line:
    """Something a service was asked, published or did. `after` names what it is counted from, in seconds."""

    at: datetime
    service: str
    what: What
    text: str
    seconds: float | None = None
    after: str = ""


@dataclass
class Log:
    """Lines in the order they were noted; `marks` are the moments effects are counted from."""

    tell: Callable[[str], None]
    lines: list[Line] = field(default_factory=list)
    marks: dict[str, datetime] = field(default_factory=dict)

    def asked(self, service: str, text: str, *, mark: str = "") -> None:
        """A call was answered; `mark` names the moment."""
        now = utc_now()
        if mark:
            self.marks[mark] = now
        self._add(Line(at=now, service=service, what="asked", text=text))

    def published(self, service: str, text: str, at: datetime) -> None:
        """The service said so, by its own clock."""
        self._add(Line(at=at, service=service, what="published", text=text))

    def did(self, service: str, text: str, *, at: datetime | None = None, after: str = "") -> None:
        """An effect was there at `at`, or is seen now."""
        seen = at or utc_now()
        seconds = (seen - self.marks[after]).total_seconds() if after else None
        self._add(Line(at=seen, service=service, what="did", text=text, seconds=seconds, after=after))

    def of(self, service: str) -> list[Line]:
        """The service's lines by time."""
        return sorted((line for line in self.lines if line.service == service), key=lambda line: line.at)

    def _add(self, line: Line) -> None:
        self.lines.append(line)
        if line.what == "asked":
            self.tell(f"{line.service}: {line.text}")


def wait_for(look: Callable[[], T | None], what: str) -> T:
    """The first answer of `look` that is there.

    Raises:
        NotSeen: when none is within half a minute.
    """
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (answer := look()):
        if time.monotonic() > deadline:
            raise NotSeen(f"{what}: not seen within {PATIENCE_SECONDS:.0f} s; `intercoop status` shows what is behind")
        time.sleep(LOOK_SECONDS)
    return answer
