"""Audits what a test ran, as `intercoop audit` does it for the product's own services."""

from collections.abc import Sequence

from intercoop.audit.report import Report
from intercoop.audit.run import audit
from intercoop.audit.services import Audited
from tests.outboxes import scalar

ARRIVAL_SECONDS = 20.0
"""What a test leaves under way has so long to arrive."""


def a_publisher(database_url: str, amqp_uri: str) -> Audited:
    """The membership service as far as a test has it: an outbox and its streams."""
    return Audited(name="membership", database_url=database_url, amqp_uri=amqp_uri)


def audit_all(services: Sequence[Audited], *, wait: float = 0) -> Report:
    return audit(services, wait=wait, read=lambda _: None)


class Unbalanced(AssertionError):  # noqa: N818 -- says what it is
    """The audit found something, or had nothing to look at."""


def assert_balanced(services: Sequence[Audited], *, dead: int = 0) -> None:
    """Nothing is lost, doubled, damaged or under way, as many dead letters as expected, and there was something."""
    if not sum(scalar(each.database_url, "SELECT count(*) FROM outbox") for each in services):
        raise Unbalanced("nothing was published, so there is nothing to audit")
    report = audit_all(services, wait=ARRIVAL_SECONDS)
    said = report.as_json()
    counted = {kind: said[kind] for kind in ("lost", "doubled", "pending", "dead")}
    if counted != {"lost": 0, "doubled": 0, "pending": 0, "dead": dead} or not report.ok:
        raise Unbalanced(f"{counted}, with {dead} dead letters expected: {report.findings}")
