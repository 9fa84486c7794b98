"""Stock nameko: an event_handler with ten workers, inbox row and commit per event."""

import os

os.environ["PSYCOPG_WAIT_FUNC"] = "wait_selector"  # as ours: the driver's own wait would stop every green thread
import eventlet

eventlet.monkey_patch()

from effect import KEEP, REMEMBER
from nameko.events import event_handler
from nameko.runners import ServiceRunner
from sqlalchemy import create_engine

WORKERS = 10
engine = create_engine(os.environ["DATABASE_URL"], pool_size=WORKERS)


class ReplicaService:
    name = "replica"

    @event_handler("bench", "member")
    def keep_member(self, payload: dict) -> None:
        with engine.begin() as connection:
            if connection.execute(REMEMBER, {"id": payload["id"]}).first():
                connection.execute(KEEP, payload["data"])


runner = ServiceRunner({"AMQP_URI": os.environ["AMQP_URI"], "max_workers": WORKERS})
runner.add_service(ReplicaService)
runner.start()
print("peer is ready", flush=True)
runner.wait()
