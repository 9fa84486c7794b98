"""Prospects: the organizations being won."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from services.membership import operations, schemas
from services.membership.fit import TEXTS
from services.membership.model import Member, Prospect, ProspectEntry
from services.membership.model.prospects import OPEN
from services.membership.service.scopes import READ, WRITE
from shared.clock import utc_now
from shared.database import transaction
from shared.http.call import Call
from shared.http.paging import Page
from shared.http.routing import route
from shared.i18n import gettext
from shared.schedule import Turn, every

_PROSPECT = "/v1/prospects/<uuid:prospect_id>"
_SCORE_SECONDS = 120
_OF_THE_PROSPECT = [name for name in schemas.ProspectResponse().fields if name != "fit"]


class Shown:
    """A prospect together with how well it fits at this moment."""

    def __init__(self, prospect: Prospect, *, fit: int) -> None:
        # Copied: a __getattr__ that hands on what is asked for takes longer than all else about a page of prospects.
        vars(self).update({name: getattr(prospect, name) for name in _OF_THE_PROSPECT}, fit=fit)


def shown(call: Call, prospects: Sequence[Prospect]) -> list[Shown]:
    """The prospects as callers get them."""
    fits = operations.fits_of(call.session, prospects, now=call.now)
    return [Shown(one, fit=fits[one.id].score) for one in prospects]


class ProspectRoutes:
    """From the first talk to the admission."""

    @route(
        "POST",
        "/v1/prospects",
        scope=WRITE,
        body=schemas.ProspectRequest,
        returns=schemas.ProspectResponse,
        status=201,
        location="/v1/prospects/{id}",
    )
    def open_prospect(self, call: Call) -> Shown:
        """Begin to win an organization; one prospect at a time."""
        given = {"owner": call.actor, **call.body}
        return shown(call, [operations.open_prospect(call.session, **given, actor=call.actor, now=call.now)])[0]

    @route(
        "GET",
        "/v1/prospects",
        scope=READ,
        query=schemas.ProspectFilter,
        returns=schemas.ProspectResponse,
        sort={
            "-opened_at": Prospect.opened_at,
            "next_action_on": Prospect.next_action_on,
            "fit": Prospect.fit_score,
        },
    )
    def list_prospects(self, call: Call) -> Page[Shown]:
        """Prospects, open and closed; sorted by fit (-fit: the best first) the open ones only.

        That order is by the fit of at most five minutes ago; the `fit` shown is of this moment.
        """
        matching = operations.prospects(**call.query, today=call.now.date())
        assert call.paging
        page = call.page(matching.where(Prospect.stage.in_(OPEN)) if call.paging.name == "fit" else matching)
        return Page(items=shown(call, page.items), next_cursor=page.next_cursor)

    @route("GET", _PROSPECT, scope=READ, returns=schemas.ProspectResponse)
    def show_prospect(self, call: Call, *, prospect_id: UUID) -> Shown:
        """One prospect."""
        return shown(call, [operations.prospect(call.session, prospect_id=prospect_id)])[0]

    @route("GET", f"{_PROSPECT}/fit", scope=READ, returns=schemas.FitResponse)
    def explain_fit(self, call: Call, *, prospect_id: UUID) -> dict[str, Any]:
        """How well it fits at this moment, and how that comes about."""
        known = operations.prospect(call.session, prospect_id=prospect_id)
        found = operations.fit_of(call.session, known.organization, now=call.now)
        reasons = [
            {
                "fact": one.fact,
                "code": one.code,
                "points": one.points,
                "most": one.most,
                "text": gettext(call.language, TEXTS[one.code], **one.params),
            }
            for one in found.reasons
        ]
        return {"score": found.score, "reasons": reasons}

    @route(
        "GET",
        f"{_PROSPECT}/history",
        scope=READ,
        returns=schemas.ProspectEntryResponse,
        sort={"at": ProspectEntry.id},
    )
    def list_history(self, call: Call, *, prospect_id: UUID) -> Page[ProspectEntry]:
        """All that happened to it: who did what, when and why."""
        return call.page(operations.history(call.session, prospect_id=prospect_id))

    @route(
        "PATCH",
        _PROSPECT,
        scope=WRITE,
        body=schemas.ProspectChange,
        returns=schemas.ProspectResponse,
        requires_if_match=True,
    )
    def update_prospect(self, call: Call, *, prospect_id: UUID) -> Shown:
        """Change whose it is, what comes next and until when, or its campaign."""
        return self._changed(call, prospect_id, operations.update_prospect)

    @route("POST", f"{_PROSPECT}/notes", scope=WRITE, body=schemas.ProspectNote, returns=schemas.ProspectEntryResponse)
    def note_prospect(self, call: Call, *, prospect_id: UUID) -> ProspectEntry:
        """Add to its history what was said or done."""
        noted = operations.prospect_to_change(call.session, prospect_id=prospect_id)
        return operations.note_prospect(call.session, noted, **call.body, actor=call.actor, now=call.now)

    @route("POST", f"{_PROSPECT}/advance", scope=WRITE, body=schemas.ProspectMove, returns=schemas.ProspectResponse)
    def advance_prospect(self, call: Call, *, prospect_id: UUID) -> Shown:
        """It reached another stage, or fell one back."""
        return self._changed(call, prospect_id, operations.advance_prospect)

    @route("POST", f"{_PROSPECT}/rest", scope=WRITE, body=schemas.ProspectRest, returns=schemas.ProspectResponse)
    def rest_prospect(self, call: Call, *, prospect_id: UUID) -> Shown:
        """Nobody tries until a certain day; then it wakes up, and is due."""
        return self._changed(call, prospect_id, operations.rest_prospect)

    @route("POST", f"{_PROSPECT}/reopen", scope=WRITE, body=schemas.ProspectReopening, returns=schemas.ProspectResponse)
    def reopen_prospect(self, call: Call, *, prospect_id: UUID) -> Shown:
        """Try again with one that is lost, or sooner with one that is dormant; it goes on where it was left."""
        return self._changed(call, prospect_id, operations.reopen_prospect)

    @route(
        "POST",
        f"{_PROSPECT}/admit",
        scope=WRITE,
        body=schemas.AdmissionRequest,
        returns=schemas.MemberResponse,
        status=201,
        location="/v1/members/{id}",
    )
    def admit_prospect(self, call: Call, *, prospect_id: UUID) -> Member:
        """The organization becomes a full or associate member."""
        won = operations.prospect_to_change(call.session, prospect_id=prospect_id)
        call.match(won)
        return operations.admit_prospect(call.session, won, **call.body, actor=call.actor, now=call.now)

    @route("POST", f"{_PROSPECT}/lose", scope=WRITE, body=schemas.ProspectLoss, returns=schemas.ProspectResponse)
    def lose_prospect(self, call: Call, *, prospect_id: UUID) -> Shown:
        """Nobody tries any more, and why."""
        return self._changed(call, prospect_id, operations.lose_prospect)

    @every(seconds=60)
    def wake_prospects(self, turn: Turn) -> None:
        """Wake up whose day has come. Being a minute late hides nothing: their day is the day of their next action."""
        while not turn.stopping():
            with transaction(turn.engine) as session:
                if not operations.wake_prospects(session, actor="system", now=utc_now()):
                    return

    @every(seconds=_SCORE_SECONDS)
    def score_prospects(self, turn: Turn) -> None:
        """Score all open ones anew, for their order; what a turn of another process has done already stays."""
        last: UUID | None = None
        while not turn.stopping():
            with transaction(turn.engine) as session:
                last = operations.score_next_prospects(session, after=last, now=utc_now())
            if last is None:
                return

    def _changed(self, call: Call, prospect_id: UUID, change: Any) -> Shown:
        changed = operations.prospect_to_change(call.session, prospect_id=prospect_id)
        call.match(changed)
        return shown(call, [change(call.session, changed, **call.body, actor=call.actor, now=call.now)])[0]
