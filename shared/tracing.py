"""Where a change came from: carried from the edge to every event the change causes."""

import re
import secrets
from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from shared.ids import uuid7

_TRACEPARENT = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")


def new_traceparent(parent: str | None = None) -> str:
    """A W3C Trace Context `traceparent`: the parent's trace with a span of our own, or a new trace."""
    if parent and _TRACEPARENT.fullmatch(parent):
        _, trace_id, _, flags = parent.split("-")
        return f"00-{trace_id}-{secrets.token_hex(8)}-{flags}"
    return f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01"


@dataclass(frozen=True, kw_only=True)
class Trace:
    """`correlation_id` joins everything one outside request set off; `causation_id` is the event directly before."""

    correlation_id: str = field(default_factory=lambda: str(uuid7()))
    causation_id: str | None = None
    actor: str = "system"
    traceparent: str = field(default_factory=new_traceparent)


def put_trace(session: Session, trace: Trace) -> None:
    """Let every event published in this session carry `trace`."""
    session.info["trace"] = trace


def trace_of(session: Session) -> Trace:
    """The session's trace; a new one if the edge put none."""
    trace = session.info.get("trace")
    if not isinstance(trace, Trace):
        trace = session.info["trace"] = Trace()
    return trace
