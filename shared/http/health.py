"""Is it alive, is it ready, how is it doing: for orchestrators and operators.

These are asked most when nothing else answers: they wait for no worker and have database connections of their own.
"""

from collections.abc import Iterator

from prometheus_client import CONTENT_TYPE_LATEST
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import Engine, text
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.wrappers import Response

from shared import metrics
from shared.http.call import Call
from shared.http.exchange import json_response
from shared.http.routing import route
from shared.messaging.subscribe import subscriptions_in
from shared.messaging.subscription import Subscription
from shared.messaging.subscriptions import never_live


class HealthRoutes:
    """/health/live, /health/ready and /metrics."""

    @route("GET", "/health/live", scope=None, at_once=True)
    def live(self, call: Call) -> dict[str, str]:
        """The process answers. An orchestrator restarts it when it does not."""
        return {"status": "alive"}

    @route("GET", "/health/ready", scope=None, at_once=True)
    def ready(self, call: Call) -> Response:
        """Database reachable, and every subscription has been live at least once.

        From then on its queue keeps what is published, so neither reads nor writes need the broker to be there.
        """
        troubles = _troubles(_engine(call), subscriptions_in(call.container.service_cls))
        status = "unready" if troubles else "ready"
        return json_response({"status": status, "troubles": troubles}, 503 if troubles else 200)

    @route("GET", "/metrics", scope=None, produces=CONTENT_TYPE_LATEST, at_once=True)
    def metrics(self, call: Call) -> Response:
        """Prometheus text format, over all worker processes of the service."""
        return Response(metrics.exposition(Backlog(_engine(call))), content_type=CONTENT_TYPE_LATEST)


def _engine(call: Call) -> Engine:
    engine = call.container.config["health_engine"]
    assert isinstance(engine, Engine)
    return engine


def _troubles(engine: Engine, wanted: list[Subscription]) -> dict[str, str]:
    """What is wrong, without addresses or credentials."""
    try:
        with engine.connect() as connection:
            missing = never_live(connection, [subscription.name for subscription in wanted])
    except SQLAlchemyError as error:
        return {"database": type(error).__name__}
    return dict.fromkeys(missing, "never live yet")


class Backlog(Collector):
    """What waits in the database: events not sent yet, events that could not be handled."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def collect(self) -> Iterator[Metric]:
        """Nothing but `intercoop_database_up 0` while the database is away."""
        try:
            with self._engine.connect() as connection:
                backlog = connection.execute(_BACKLOG).one()
                dead = connection.execute(_DEAD).all()
        except SQLAlchemyError:
            yield GaugeMetricFamily("intercoop_database_up", "1 while the database answers.", value=0)
            return
        yield GaugeMetricFamily("intercoop_database_up", "1 while the database answers.", value=1)
        yield GaugeMetricFamily("intercoop_outbox_pending", "Events written but not sent yet.", value=backlog.pending)
        age = "Age of the oldest event not sent yet."
        yield GaugeMetricFamily("intercoop_outbox_oldest_seconds", age, value=float(backlog.oldest))
        letters = GaugeMetricFamily("intercoop_dead_letters", "Events nobody has decided on.", labels=["subscription"])
        for row in dead:
            letters.add_metric([row.subscription], row.letters)
        yield letters


_BACKLOG = text("""
    SELECT count(*) AS pending, coalesce(extract(epoch FROM now() - min(created_at)), 0) AS oldest
    FROM outbox WHERE published_at IS NULL
""")
_DEAD = text("SELECT subscription, count(*) AS letters FROM dead_letters WHERE state = 'dead' GROUP BY subscription")
