"""What the subscriptions tell Prometheus."""

from prometheus_client import Counter, Gauge, Histogram

HANDLED = Counter(
    "intercoop_subscription_events",
    "events taken from the queue, by result: handled, skipped, retried, buried or unwanted",
    ["service", "subscription", "result"],
)
GROUP_SIZE = Histogram(
    "intercoop_subscription_group_size",
    "events handled in one transaction",
    ["service", "subscription"],
    buckets=(1, 2, 5, 10, 20, 50, 100, 200),
)
HANDLING_SECONDS = Histogram(
    "intercoop_subscription_handling_seconds",
    "from the start of a transaction to its commit",
    ["service", "subscription"],
    buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)
LAG_SECONDS = Histogram(
    "intercoop_subscription_lag_seconds",
    "from the time of the oldest event of a group to its effect being committed",
    ["service", "subscription"],
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 3600, 86400),
)
SILENT = Gauge(
    "intercoop_queue_silent",
    "processes to which the queue gives no answer though the broker is there",
    ["service", "queue"],
    multiprocess_mode="livesum",
)
MADE_AGAIN = Counter(
    "intercoop_subscription_queues_made_again",
    "queues that were lost, or had no leader, and were made anew",
    ["service", "subscription"],
)
PAUSED = Gauge(
    "intercoop_subscription_paused",
    "processes in which the subscription waits because database or broker is away",
    ["service", "subscription"],
    multiprocess_mode="livesum",
)
