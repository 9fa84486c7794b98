"""What the relay tells Prometheus."""

from prometheus_client import Counter, Gauge, Histogram

LEADER = Gauge("intercoop_relay_leader", "1 while this process leads", ["service"])
BLOCKED = Gauge("intercoop_relay_blocked", "1 while the broker takes nothing because of an alarm", ["service"])
PENDING = Gauge("intercoop_outbox_pending", "outbox rows not yet confirmed by the broker", ["service"])
OLDEST = Gauge("intercoop_outbox_oldest_seconds", "age of the oldest unconfirmed outbox row", ["service"])
PUBLISHED = Counter("intercoop_relay_published", "rows confirmed by the broker and marked", ["service"])
CONFIRM_SECONDS = Histogram(
    "intercoop_relay_confirm_seconds",
    "from publishing to the broker's confirm, of the oldest row of each marked group",
    ["service"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
FAILURES = Counter("intercoop_relay_failures", "connections given up, by the kind of trouble", ["service", "kind"])
REMOVED = Counter("intercoop_housekeeping_removed", "rows removed because of their age", ["service", "table"])
