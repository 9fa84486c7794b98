"""A clock that a test sets and several processes read: time goes on from there as it does everywhere."""

import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path


class Clock:
    """Its file holds how far it lies from the host's clock, in seconds."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def set(self, day: date, hour: int = 9) -> None:
        """From now on it is that hour of that day; never earlier than it was."""
        wanted = datetime(day.year, day.month, day.day, hour, tzinfo=UTC)
        assert not self._path.exists() or wanted > self.now(), "time does not go back"
        written = self._path.with_suffix(".new")
        written.write_text(str(wanted.timestamp() - time.time()))
        written.replace(self._path)

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=float(self._path.read_text()))
