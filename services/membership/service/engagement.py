"""How near members are, and who looks after them."""

from dataclasses import replace
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from services.membership import operations, schemas
from services.membership.engagement import Picture
from services.membership.engagement_words import explain_action, explain_reason
from services.membership.model import EngagementLine, Member, Organization, OwnerLine
from services.membership.operations.engagement import Engagement, Trend
from services.membership.operations.told_signals import Told
from services.membership.service.scopes import READ, WRITE
from shared.clock import utc_now
from shared.contracts.comms import ContactCleared, ContactUnreachable, MessageDelivered, MessageRead
from shared.contracts.events import RegistrationConfirmed
from shared.contracts.funding import AwardAccepted
from shared.database import transaction
from shared.http.call import Call
from shared.http.paging import Page
from shared.http.routing import route
from shared.i18n import Language
from shared.messaging.subscribe import subscribe
from shared.messaging.wire import Delivery
from shared.schedule import Turn, every

_MEMBER = "/v1/members/<uuid:member_id>"
_ANNOUNCE_SECONDS = 60


class EngagementRoutes:
    """Who drifts away, why, and whose it is to do something about it."""

    @route("GET", f"{_MEMBER}/engagement", scope=READ, query=schemas.DayQuery, returns=schemas.EngagementResponse)
    def show_engagement(self, call: Call, *, member_id: UUID) -> dict[str, Any]:
        """How near a member is on a day, why, whether that gets better or worse, and what could be done."""
        member = operations.member(call.session, member_id=member_id)
        standing, seen, trends = operations.engagement(call.session, member, **call.query, now=call.now)
        known = {"member_id": member.id, "standing": standing, "owner": member.owner}
        return known | _picture(seen, call.language) | {"trends": [_trend(one) for one in trends]}

    @route(
        "GET",
        "/v1/members/at-risk",
        scope=READ,
        query=schemas.AtRiskFilter,
        returns=schemas.AtRiskResponse,
        sort={"-risk": Member.id, "name": Organization.folded_name},
    )
    def list_at_risk(self, call: Call) -> Page[Any]:
        """Members that drift away, the highest risk first; every member is looked at, also for a page."""
        found = operations.at_risk(call.session, **call.query, now=call.now)
        assert call.paging
        page: Page[Any] = call.page_of(found, mark=_marks[call.paging.name])
        at = call.query.get("at") or call.now.date()
        trends = operations.trends_of(call.session, page.items, at=at)
        planned = operations.planned_for(call.session, [one.member_id for one in page.items])
        items = [
            _listed(one, trends[one.member_id], call.language) | {"planned": planned[one.member_id]}
            for one in page.items
        ]
        return replace(page, items=items)

    @route(
        "GET",
        f"{_MEMBER}/engagement/changes",
        scope=READ,
        returns=schemas.EngagementLineResponse,
        sort={"-effective_on": EngagementLine.effective_on},
    )
    def list_engagement_changes(self, call: Call, *, member_id: UUID) -> Page[EngagementLine]:
        """When a member's level became another, as it was announced."""
        operations.member(call.session, member_id=member_id)
        return call.page(operations.engagement_lines(member_id=member_id))

    @route(
        "PATCH",
        _MEMBER,
        scope=WRITE,
        body=schemas.MemberChange,
        returns=schemas.MemberResponse,
        requires_if_match=True,
    )
    def assign_member(self, call: Call, *, member_id: UUID) -> Member:
        """Give the member to who is to look after it, or to nobody."""
        changed = operations.member_to_change(call.session, member_id=member_id)
        call.match(changed)
        return operations.assign_member(call.session, changed, **call.body, actor=call.actor, now=call.now)

    @route(
        "GET", f"{_MEMBER}/owners", scope=READ, returns=schemas.OwnerLineResponse, sort={"-number": OwnerLine.number}
    )
    def list_owners(self, call: Call, *, member_id: UUID) -> Page[OwnerLine]:
        """Who looked after a member, the latest first."""
        operations.member(call.session, member_id=member_id)
        return call.page(operations.owner_lines(member_id=member_id))

    @subscribe(
        MessageDelivered,
        MessageRead,
        ContactUnreachable,
        ContactCleared,
        RegistrationConfirmed,
        AwardAccepted,
        many=True,
        projection=operations.forget_signals,
    )
    def keep_signals(self, session: Session, deliveries: list[Delivery[Told]]) -> None:
        """Note what the other services tell of members."""
        operations.keep_signals(session, deliveries)

    @every(seconds=_ANNOUNCE_SECONDS)
    def announce_engagement(self, turn: Turn) -> None:
        """Say which levels the days that are over have changed."""
        while not turn.stopping():
            with transaction(turn.engine) as session:
                if not operations.announce_engagement(session, now=utc_now()):
                    return


def _by_risk(one: Engagement) -> tuple[int, str]:
    return one.picture.risk, str(one.member_id)


def _by_name(one: Engagement) -> tuple[str, str]:
    return one.folded_name, str(one.member_id)


_marks: dict[str, Any] = {"risk": _by_risk, "name": _by_name}


def _listed(one: Engagement, trends: list[Trend], language: Language) -> dict[str, Any]:
    names = ("member_id", "name", "country", "owner", "standing")
    known = {name: getattr(one, name) for name in names}
    return known | _picture(one.picture, language) | {"trends": [_trend(each) for each in trends]}


def _picture(seen: Picture, language: Language) -> dict[str, Any]:
    reasons = [{**one._asdict(), "text": explain_reason(one, language)} for one in seen.reasons]
    suggested = seen.suggested and {"kind": seen.suggested, "text": explain_action(seen.suggested, language)}
    names = ("at", "level", "risk", "weights")
    return {name: getattr(seen, name) for name in names} | {"reasons": reasons, "suggested": suggested}


def _trend(one: Trend) -> dict[str, Any]:
    then = one.picture
    return {
        "on": one.on,
        "risk": then.risk if then else None,
        "level": then.level if then else None,
        "direction": one.direction,
    }
