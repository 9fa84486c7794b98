"""Where members stand, who may vote, and by what policy."""

from dataclasses import replace
from typing import Any
from uuid import UUID

from services.membership import operations, schemas
from services.membership.explanations import explain_quota, explain_reason, explain_vote
from services.membership.model import ElectoralRoll, Organization, RollEntry, StandingPolicy
from services.membership.operations.standing import Position
from services.membership.operations.voters import Counts, Voter
from services.membership.service.scopes import READ, WRITE
from services.membership.standing import Change, Reason
from services.membership.voting import Quota, VoteRule
from shared.clock import utc_now
from shared.database import transaction
from shared.http.call import Call
from shared.http.paging import Page
from shared.http.routing import route
from shared.i18n import Language
from shared.schedule import Turn, every

_ROLL = "/v1/electoral-rolls/<uuid:roll_id>"
_ANNOUNCE_SECONDS = 10


class StandingRoutes:
    """Answers for any day, and the schedule that announces what a day has changed."""

    @route(
        "GET",
        "/v1/members/<uuid:member_id>/standing",
        scope=READ,
        query=schemas.PositionQuery,
        returns=schemas.PositionResponse,
    )
    def show_standing(self, call: Call, *, member_id: UUID) -> dict[str, Any]:
        """Where a member stands on a day, with the facts and rules that lead to it."""
        member = operations.member(call.session, member_id=member_id)
        return _position(operations.position(call.session, member, **call.query, now=call.now), call.language)

    @route(
        "GET",
        "/v1/voters",
        scope=READ,
        query=schemas.VoterQuery,
        returns=schemas.VoterResponse,
        sort={"name": Organization.folded_name},
    )
    def list_voters(self, call: Call) -> Page[Any]:
        """Members of a day with their votes and reasons; who could vote with can_vote=true."""
        page: Page[Any] = call.page_of(operations.voters(call.session, **call.query, now=call.now), mark=_mark)
        return replace(page, items=[_voter(one, call.language) for one in page.items])

    @route("GET", "/v1/voters/counts", scope=READ, query=schemas.VoterQuery, returns=schemas.VoterCounts)
    def count_voters(self, call: Call) -> Counts:
        """How many could vote on a day, and what gave or took the vote."""
        found = operations.voters(call.session, **call.query, now=call.now)
        known_at = call.query.get("known_at") or call.now
        return operations.count_voters(found, on=call.query.get("on") or call.now.date(), known_at=known_at)

    @route(
        "POST",
        "/v1/electoral-rolls",
        scope=WRITE,
        body=schemas.RollRequest,
        returns=schemas.RollResponse,
        status=201,
        location="/v1/electoral-rolls/{id}",
    )
    def draw_roll(self, call: Call) -> ElectoralRoll:
        """Who may vote on a day, kept for good as it is known now or was known then."""
        return operations.draw_roll(call.session, **call.body, actor=call.actor, now=call.now)

    @route(
        "GET",
        "/v1/electoral-rolls",
        scope=READ,
        returns=schemas.RollResponse,
        sort={"-drawn_at": ElectoralRoll.drawn_at},
    )
    def list_rolls(self, call: Call) -> Page[ElectoralRoll]:
        """Rolls that were drawn."""
        return call.page(operations.rolls())

    @route("GET", _ROLL, scope=READ, returns=schemas.RollResponse)
    def show_roll(self, call: Call, *, roll_id: UUID) -> ElectoralRoll:
        """One roll with its counts."""
        return operations.roll(call.session, roll_id=roll_id)

    @route(
        "GET",
        f"{_ROLL}/entries",
        scope=READ,
        query=schemas.RollFilter,
        returns=schemas.RollEntryResponse,
        sort={"name": RollEntry.folded_name},
    )
    def list_roll_entries(self, call: Call, *, roll_id: UUID) -> Page[Any]:
        """The members on a roll."""
        drawn = operations.roll(call.session, roll_id=roll_id)
        page = call.page(operations.roll_entries(roll=drawn, **call.query))
        return replace(page, items=[_entry(one, call.language) for one in page.items])

    @route(
        "GET",
        "/v1/standing-policies",
        scope=READ,
        returns=schemas.PolicyResponse,
        sort={"version": StandingPolicy.version},
    )
    def list_policies(self, call: Call) -> Page[StandingPolicy]:
        """Versions of the policy, past and to come."""
        versions = operations.policy_versions(call.session)
        return call.page_of(versions, mark=lambda one: (one.version, one.version))

    @route(
        "POST",
        "/v1/standing-policies",
        scope=WRITE,
        body=schemas.PolicyRequest,
        returns=schemas.PolicyResponse,
        status=201,
    )
    def add_policy(self, call: Call) -> StandingPolicy:
        """A version from a day to come on; what falls due before keeps to its own."""
        return operations.add_policy(call.session, **call.body, actor=call.actor, now=call.now)

    @every(seconds=_ANNOUNCE_SECONDS)
    def announce_standing(self, turn: Turn) -> None:
        """Say what the days have changed, one member after the other; other processes take the next ones."""
        while not turn.stopping():
            with transaction(turn.engine) as session:
                if not operations.announce_next_due(session, now=utc_now()):
                    return


def _position(found: Position, language: Language) -> dict[str, Any]:
    return {
        "member_id": found.member.id,
        "on": found.on,
        "known_at": found.known_at,
        "category": found.member.category,
        "standing": found.state.standing,
        "since": found.since,
        "reasons": [_reason(each, language) for each in found.state.reasons],
        "is_current": found.is_current,
        "termination_proposed_on": found.state.proposed_on,
        "can_vote": found.vote.can_vote,
        "vote_reasons": _vote_reasons(found.vote.rules, language),
        "quota": _quota(found.quota, language),
        "policy": found.policy.version,
        "following": _following(found.following, language) if found.following else None,
    }


def _following(change: Change, language: Language) -> dict[str, Any]:
    reasons = [_reason(each, language) for each in change.state.reasons]
    return {"on": change.on, "standing": change.state.standing, "reasons": reasons}


def _reason(reason: Reason, language: Language) -> dict[str, Any]:
    return {
        "rule": reason.rule,
        "since": None if reason.rule == "not_admitted" else reason.since,
        "until": reason.until,
        "facts": [fact.id for fact in reason.facts],
        "policy": reason.policy,
        "text": explain_reason(reason, language),
    }


def _vote_reasons(rules: tuple[VoteRule, ...] | list[VoteRule], language: Language) -> list[dict[str, str]]:
    return [{"rule": rule, "text": explain_vote(rule, language)} for rule in rules]


def _quota(quota: Quota, language: Language) -> dict[str, Any]:
    return {"delegates": quota.delegates, "rule": quota.rule, "text": explain_quota(quota, language)}


def _mark(voter: Voter) -> tuple[str, str]:
    return voter.folded_name, str(voter.member_id)


def _voter(one: Voter, language: Language) -> dict[str, Any]:
    names = ("member_id", "name", "country", "category", "standing", "is_current")
    return {name: getattr(one, name) for name in names} | {
        "can_vote": one.vote.can_vote,
        "vote_reasons": _vote_reasons(one.vote.rules, language),
        "reasons": [_reason(each, language) for each in one.state.reasons],
        "quota": _quota(one.quota, language),
    }


def _entry(one: RollEntry, language: Language) -> dict[str, Any]:
    names = ("member_id", "name", "country", "category", "standing", "can_vote")
    return {name: getattr(one, name) for name in names} | {"vote_reasons": _vote_reasons(one.rules, language)}
