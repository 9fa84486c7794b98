"""The only place that reads the host's clock for business time; edges call it and pass the value on."""

from datetime import UTC, datetime


def utc_now() -> datetime:
    """The present moment in UTC, with its time zone."""
    return datetime.now(UTC)
