"""How long to wait before trying again."""

import random

LONGEST_SECONDS = 15.0


def backoff(failures: int) -> float:
    """Seconds to wait after so many failures in a row: doubling, with jitter so that replicas come one by one."""
    return min(LONGEST_SECONDS, 0.25 * 2.0 ** min(failures, 10)) * random.uniform(0.5, 1)  # noqa: S311 -- jitter
