"""One log line and three metrics per request; no bodies, no tokens, no query strings."""

import logging

from prometheus_client import Counter, Gauge, Histogram
from werkzeug.wrappers import Response

from shared.http.request import HttpRequest

log = logging.getLogger("intercoop.http")

_requests = Counter("intercoop_http_requests", "Requests answered.", ["method", "route", "status"])
_seconds = Histogram(
    "intercoop_http_request_seconds",
    "Time from the request's head to its answer.",
    ["method", "route"],
    buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)

in_progress = Gauge("intercoop_http_requests_in_progress", "Requests being answered.", multiprocess_mode="livesum")

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def observe(request: HttpRequest, response: Response, seconds: float) -> None:
    """Count and log one answer, by the route's template: ids would make series without end, and links carry tokens."""
    method = request.method if request.method in _METHODS else "other"
    _requests.labels(method, request.template, response.status_code).inc()
    _seconds.labels(method, request.template).observe(seconds)
    log.info(
        "request",
        extra={
            "method": method,
            "route": request.template,
            "status": response.status_code,
            "ms": round(seconds * 1000, 2),
            "correlation_id": request.context.correlation_id,
            "subject": request.principal.pseudonym,
        },
    )
