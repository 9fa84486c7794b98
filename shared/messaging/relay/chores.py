"""What the leader does besides relaying: gauges, keeping its session awake, housekeeping."""

from time import monotonic

from shared.messaging.housekeeping import Retention, tidy
from shared.messaging.relay import metrics
from shared.messaging.relay.leader import Leader
from shared.messaging.relay.limits import Limits

OLDEST_EVERY = 0.5
"""Well below the limit at which the server ends an idle session."""

PENDING_EVERY = 10.0
"""Counting reads every unpublished row, so it is done seldom."""


class Chores:
    """Each at its own interval, in the leader's own session, whether the broker is there or not."""

    def __init__(self, service: str, leader: Leader, limits: Limits) -> None:
        self._service, self._leader = service, leader
        self._chores = [
            (OLDEST_EVERY, self._measure_age),
            (PENDING_EVERY, self._count),
            (limits.housekeeping, self._tidy),
        ]
        self._due = [0.0, 0.0, monotonic() + limits.housekeeping]

    def do(self) -> None:
        now = monotonic()
        for nth, (every, chore) in enumerate(self._chores):
            if now >= self._due[nth]:
                chore()
                self._due[nth] = now + every

    def _measure_age(self) -> None:
        metrics.OLDEST.labels(self._service).set(self._leader.oldest_age())

    def _count(self) -> None:
        metrics.PENDING.labels(self._service).set(self._leader.pending())

    def _tidy(self) -> None:
        for table, removed in tidy(self._leader.connection, Retention()).items():
            metrics.REMOVED.labels(self._service, table).inc(removed)
