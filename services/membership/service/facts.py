"""Facts of members: each kind has its own address."""

from typing import Any
from uuid import UUID

from services.membership import operations, schemas
from services.membership.facts import Kind
from services.membership.model import Member, StandingFact
from services.membership.operations.facts import Recorded
from services.membership.service.scopes import READ, WRITE
from shared.http.call import Call
from shared.http.paging import Page
from shared.http.routing import route

_MEMBER = "/v1/members/<uuid:member_id>"


class FactRoutes:
    """What is recorded of a member, and what follows."""

    @route(
        "GET",
        f"{_MEMBER}/facts",
        scope=READ,
        query=schemas.FactFilter,
        returns=schemas.FactResponse,
        sort={"-recorded_at": StandingFact.recorded_at, "effective_on": StandingFact.effective_on},
    )
    def list_facts(self, call: Call, *, member_id: UUID) -> Page[StandingFact]:
        """Everything recorded of a member: who, when, as of when, why."""
        member = operations.member(call.session, member_id=member_id)
        return call.page(operations.facts(member=member, **call.query))

    @route(
        "POST",
        f"{_MEMBER}/suspensions",
        scope=WRITE,
        body=schemas.DecisionFact,
        returns=schemas.RecordedResponse,
        status=201,
    )
    def suspend_member(self, call: Call, *, member_id: UUID) -> Recorded:
        """Suspended by decision, until a reinstatement."""
        return _decided(call, member_id, "suspended")

    @route(
        "POST",
        f"{_MEMBER}/reinstatements",
        scope=WRITE,
        body=schemas.DecisionFact,
        returns=schemas.RecordedResponse,
        status=201,
    )
    def reinstate_member(self, call: Call, *, member_id: UUID) -> Recorded:
        """Current again: the suspension is lifted, and dues that were due before no longer weigh on the standing."""
        return _decided(call, member_id, "reinstated")

    @route(
        "POST",
        f"{_MEMBER}/resignations",
        scope=WRITE,
        body=schemas.EndingFact,
        returns=schemas.RecordedResponse,
        status=201,
    )
    def notify_resignation(self, call: Call, *, member_id: UUID) -> Recorded:
        """The member gave notice; it stays a member until the notice has run, or until the day agreed."""
        return _decided(call, member_id, "resigned")

    @route(
        "POST",
        f"{_MEMBER}/resignation-withdrawals",
        scope=WRITE,
        body=schemas.DecisionFact,
        returns=schemas.RecordedResponse,
        status=201,
    )
    def withdraw_resignation(self, call: Call, *, member_id: UUID) -> Recorded:
        """The member takes its notice back while it runs."""
        return _decided(call, member_id, "resignation_withdrawn")

    @route(
        "POST",
        f"{_MEMBER}/terms",
        scope=WRITE,
        body=schemas.EndingFact,
        returns=schemas.RecordedResponse,
        status=201,
    )
    def limit_member(self, call: Call, *, member_id: UUID) -> Recorded:
        """An associate is admitted for a time only; a later term takes the place of one that has not ended."""
        return _decided(call, member_id, "temporary")

    @route(
        "POST",
        f"{_MEMBER}/terminations",
        scope=WRITE,
        body=schemas.TerminationFact,
        returns=schemas.RecordedResponse,
        status=201,
    )
    def terminate_member(self, call: Call, *, member_id: UUID) -> Recorded:
        """The membership ends by decision."""
        return _decided(call, member_id, "expelled" if call.body.pop("expelled") else "terminated")

    @route(
        "POST",
        f"{_MEMBER}/successions",
        scope=WRITE,
        body=schemas.SuccessionFact,
        returns=schemas.RecordedResponse,
        status=201,
    )
    def succeed_member(self, call: Call, *, member_id: UUID) -> Recorded:
        """The organization is merged or split into others, to which its membership may pass on."""
        member = _to_change(call, member_id)
        return operations.succeed(call.session, member, **call.body, actor=call.actor, now=call.now)

    @route(
        "POST",
        f"{_MEMBER}/dues-due",
        scope=WRITE,
        body=schemas.DuesDueFact,
        returns=schemas.RecordedResponse,
        status=201,
    )
    def record_dues_due(self, call: Call, *, member_id: UUID) -> Recorded:
        """When the dues of a period are to be settled; again changes nothing."""
        member = _to_change(call, member_id)
        return operations.record_dues_due(call.session, member, **call.body, actor=call.actor, now=call.now)

    @route(
        "POST",
        f"{_MEMBER}/dues-settled",
        scope=WRITE,
        body=schemas.DuesSettledFact,
        returns=schemas.RecordedResponse,
        status=201,
    )
    def record_dues_settled(self, call: Call, *, member_id: UUID) -> Recorded:
        """Of a period nothing is owed any more; again changes nothing."""
        member = _to_change(call, member_id)
        return operations.record_dues_settled(call.session, member, **call.body, actor=call.actor, now=call.now)

    @route(
        "POST",
        f"{_MEMBER}/facts/<uuid:fact_id>/void",
        scope=WRITE,
        body=schemas.Words,
        returns=schemas.RecordedResponse,
        status=201,
    )
    def void_fact(self, call: Call, *, member_id: UUID, fact_id: UUID) -> Recorded:
        """The fact was wrong. It stays to be seen, and counts no more; the right one is recorded anew."""
        member = _to_change(call, member_id)
        words: dict[str, Any] = call.body
        return operations.void_fact(call.session, member, fact_id=fact_id, **words, actor=call.actor, now=call.now)


def _to_change(call: Call, member_id: UUID) -> Member:
    member = operations.member_to_change(call.session, member_id=member_id)
    call.match(member)
    return member


def _decided(call: Call, member_id: UUID, kind: Kind) -> Recorded:
    member = _to_change(call, member_id)
    return operations.decide(call.session, member, kind=kind, **call.body, actor=call.actor, now=call.now)
