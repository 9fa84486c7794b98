"""How long the relay waits, how much it holds, how often it looks."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Seconds unless said otherwise. Each wait has an end, so a frozen or half-open peer costs a reconnection."""

    batch: int = 500
    """Rows fetched at once."""
    batch_bytes: int = 8_000_000
    """A fetch ends with the row that passes this, so that large events don't add up in memory."""
    window: int = 1000
    """Rows published and not yet marked; above a thousand only latency grows."""

    poll: float = 0.02
    """Between two looks for rows while some come."""
    poll_idle: float = 0.1
    """Between two looks once none has come for about a second."""
    election: float = 1.0
    """Between a follower's tries for the lock; with `idle_session` it bounds a takeover."""
    idle_session: float = 2.5
    """The server ends a leader's session, and so its lock, when it hears nothing from it for so long."""
    statement: float = 10.0
    """The longest a database statement may take, on either side of the connection."""

    connect: float = 5.0
    heartbeat: int = 10
    confirm: float = 15.0
    """A confirm that takes longer drops the connection, unless the broker said that it is blocked."""
    blocked: float = 300.0
    """How long a memory or disk alarm may hold the connection before it is made anew."""
    backoff_first: float = 0.1
    backoff_most: float = 3.0

    drain: float = 10.0
    """What is in hand at SIGTERM may take so long."""
    housekeeping: float = 60.0
