"""What an audit says."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Literal

Kind = Literal["lost", "doubled", "damaged", "pending", "dead"]
"""damaged: neither lost nor doubled, and wrong all the same."""

SHOWN = 20
"""Ids a finding names; its count tells how many there are."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One kind of difference in one place."""

    kind: Kind
    service: str
    what: str
    count: int
    ids: list[str] = field(default_factory=list)


def finding(kind: Kind, service: str, what: str, ids: Iterable[object]) -> list[Finding]:
    """A finding that names these ids; none when there are none."""
    found = [str(one) for one in ids]
    return [Finding(kind=kind, service=service, what=what, count=len(found), ids=found[:SHOWN])] if found else []


@dataclass(frozen=True)
class Report:
    """All findings. Dead letters are accounted for, so they alone don't spoil an audit."""

    findings: list[Finding]

    def count(self, kind: Kind) -> int:
        return sum(finding.count for finding in self.findings if finding.kind == kind)

    @property
    def ok(self) -> bool:
        return all(finding.kind == "dead" for finding in self.findings)

    @property
    def settled(self) -> bool:
        """Nothing to wait for: what is missing will not come by itself, and nothing is under way."""
        return not self.count("pending") and not self.count("lost")

    def as_json(self) -> dict[str, object]:
        counts = {kind: self.count(kind) for kind in ("lost", "doubled", "pending", "dead")}
        return {"ok": self.ok, **counts, "findings": [asdict(finding) for finding in self.findings]}
