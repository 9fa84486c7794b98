"""A service with one subscription: `each`, `many`, or `slow`, whose handler waits 5 ms for somebody else."""

import os
import sys

from shared import run
from shared.settings import Settings


def load() -> type:
    import time

    from effect import keep, keep_many

    from shared.contracts.membership import MemberUpdated
    from shared.messaging.subscribe import subscribe

    class Each:
        name = "funding"

        @subscribe(MemberUpdated)
        def keep_member(self, session, delivery):
            keep(session, delivery)

    class Many:
        name = "funding"

        @subscribe(MemberUpdated, many=True)
        def keep_members(self, session, deliveries):
            keep_many(session, deliveries)

    class Slow:
        name = "funding"

        @subscribe(MemberUpdated)
        def keep_member(self, session, delivery):
            time.sleep(0.005)
            keep(session, delivery)

    return {"each": Each, "many": Many, "slow": Slow}[sys.argv[1]]


settings = Settings.from_env("funding", os.environ)
run.work(load, settings, run.listen(settings.http_host, settings.http_port))
