"""The pipeline on a real database: moves, their events and history, the board, the day, the fits."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from services.membership import operations
from services.membership.model import (
    AlreadyMember,
    AlreadyProspect,
    MoveNotAllowed,
    NotAtRest,
    Organization,
    OrganizationGone,
    Prospect,
    ProspectEntry,
    UnknownCampaign,
    UnknownProspect,
)
from shared.contracts.membership import ProspectAdvanced, ProspectLost, ProspectOpened
from shared.messaging.outbox import published
from shared.tracing import Trace, put_trace
from tests.membership.making import NOW, TODAY, a_member, a_prospect
from tests.membership.test_application_schedule import counted


def lines(session: Session, prospect: Prospect) -> list[tuple[str, str | None, str | None, str, str]]:
    found = session.scalars(operations.history(session, prospect_id=prospect.id).order_by(ProspectEntry.id))
    return [(line.kind, line.previous, line.stage, line.text, line.by) for line in found]


def planned(session: Session, prospect: Prospect, day: date, *, owner: str | None = "ana") -> Prospect:
    """Past days too: what was planned in time and not done."""
    before = datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(days=1)
    return operations.update_prospect(
        session, prospect, owner=owner, next_action="call", next_action_on=day, actor="ana", now=min(before, NOW)
    )


def moved(session: Session, prospect: Prospect, stage: Any) -> Prospect:
    return operations.advance_prospect(session, prospect, stage=stage, actor="ana", now=NOW)


def test_each_move_is_published_and_kept_with_who_when_and_why(session: Session) -> None:
    prospect = a_prospect(session)
    operations.advance_prospect(session, prospect, stage="contacted", note="by telephone", actor="eva", now=NOW)
    operations.rest_prospect(
        session, prospect, until=TODAY + timedelta(days=30), reason="elections", actor="eva", now=NOW
    )
    operations.reopen_prospect(session, prospect, reason="elected", actor="ana", now=NOW)
    operations.lose_prospect(session, prospect, reason="too dear", code="too_expensive", actor="ana", now=NOW)
    operations.reopen_prospect(session, prospect, reason="new board", actor="ana", now=NOW)
    assert lines(session, prospect) == [
        ("opened", None, "identified", "", "ana"),
        ("moved", "identified", "contacted", "by telephone", "eva"),
        ("moved", "contacted", "dormant", "elections", "eva"),
        ("moved", "dormant", "contacted", "elected", "ana"),
        ("moved", "contacted", "lost", "too dear", "ana"),
        ("moved", "lost", "contacted", "new board", "ana"),
    ]
    told = published(session)
    assert isinstance(told[0], ProspectOpened)
    assert told[1] == ProspectAdvanced(
        prospect_id=prospect.id,
        organization_id=prospect.organization_id,
        country="AR",
        sectors=("agriculture",),
        previous_stage="identified",
        stage="contacted",
    )
    assert [fact.stage if isinstance(fact, ProspectAdvanced) else type(fact) for fact in told[2:]] == [
        "dormant",
        "contacted",
        ProspectLost,
        "contacted",
    ]


def test_a_refused_move_leaves_no_line_and_no_event(session: Session) -> None:
    prospect = moved(session, a_prospect(session), "qualified")
    before = len(published(session)), len(lines(session, prospect))
    with pytest.raises(MoveNotAllowed):
        moved(session, prospect, "identified")
    with pytest.raises(NotAtRest):
        operations.reopen_prospect(session, prospect, reason="x", actor="ana", now=NOW)
    assert (len(published(session)), len(lines(session, prospect))) == before


def test_an_admission_is_the_last_move(session: Session) -> None:
    member = a_member(session)
    prospect = session.scalars(select(Prospect)).one()
    assert (prospect.stage, prospect.member_id) == ("admitted", member.id)
    last = published(session)[-1]
    assert isinstance(last, ProspectAdvanced)
    assert (last.previous_stage, last.stage) == ("identified", "admitted")


def test_a_lost_prospect_is_taken_up_only_while_its_organization_can_be_won(session: Session) -> None:
    lost = a_prospect(session)
    operations.lose_prospect(session, lost, reason="x", actor="ana", now=NOW)

    def reopened() -> Prospect:
        return operations.reopen_prospect(session, lost, reason="again", actor="ana", now=NOW)

    lost.organization.gone_at = NOW
    with pytest.raises(OrganizationGone):
        reopened()
    lost.organization.gone_at = None
    other = operations.open_prospect(session, organization_id=lost.organization_id, source="x", actor="ana", now=NOW)
    with pytest.raises(AlreadyProspect):
        reopened()
    operations.admit_prospect(session, other, category="full", reason="Board", actor="ana", now=NOW)
    with pytest.raises(AlreadyMember):
        reopened()


def test_whose_it_is_and_what_comes_next_are_kept_in_its_history(session: Session) -> None:
    prospect = a_prospect(session)
    operations.update_prospect(session, prospect, owner="eva", actor="ana", now=NOW)
    operations.update_prospect(session, prospect, owner="eva", actor="ana", now=NOW)
    planned(session, prospect, TODAY, owner="eva")
    operations.update_prospect(session, prospect, next_action_on=TODAY + timedelta(days=2), actor="eva", now=NOW)
    operations.note_prospect(session, prospect, text="she was out", actor="eva", now=NOW)
    with pytest.raises(UnknownCampaign):
        operations.update_prospect(session, prospect, campaign_id=uuid4(), actor="eva", now=NOW)
    assert [(kind, words) for kind, _, _, words, _ in lines(session, prospect)] == [
        ("opened", ""),
        ("assigned", ""),
        ("planned", "call"),
        ("planned", "call"),
        ("noted", "she was out"),
    ]
    with pytest.raises(UnknownProspect):
        operations.history(session, prospect_id=uuid4())


def test_a_prospect_remembers_the_request_it_came_from(session: Session) -> None:
    cause = uuid4()
    put_trace(session, Trace(correlation_id="one-request", causation_id=str(cause)))
    prospect = a_prospect(session)
    assert (prospect.correlation_id, prospect.causation_id) == ("one-request", cause)


def test_dormant_prospects_wake_up_on_their_day_once(session: Session) -> None:
    sleeper, other = a_prospect(session, name="Uno"), a_prospect(session, name="Dos", locality="Azul")
    for one, days in ((sleeper, 1), (other, 2)):
        operations.rest_prospect(session, one, until=TODAY + timedelta(days=days), reason="x", actor="ana", now=NOW)
    assert operations.wake_prospects(session, actor="system", now=NOW) == []
    later = NOW + timedelta(days=1)
    assert operations.wake_prospects(session, actor="system", now=later) == [sleeper]
    assert operations.wake_prospects(session, actor="system", now=later) == []
    assert (sleeper.stage, other.stage) == ("identified", "dormant")
    assert lines(session, sleeper)[-1] == ("moved", "dormant", "identified", "", "system")
    assert operations.today(session, owner="nobody", now=later, size=5).unowned.due_today == 1


def test_nothing_overdue_is_invisible(session: Session) -> None:
    late = planned(session, a_prospect(session, name="Uno"), TODAY - timedelta(days=3))
    due = planned(session, a_prospect(session, name="Dos", locality="Azul"), TODAY)
    planned(session, a_prospect(session, name="Tres", locality="Tandil"), TODAY + timedelta(days=1))
    unplanned = a_prospect(session, name="Cuatro", locality="Salta")
    operations.update_prospect(session, unplanned, owner="ana", actor="ana", now=NOW)
    nobodys = planned(
        session, a_prospect(session, name="Cinco", locality="Junín"), TODAY - timedelta(days=1), owner=None
    )
    closed = planned(session, a_prospect(session, name="Seis", locality="Lobos"), TODAY - timedelta(days=1))
    operations.lose_prospect(session, closed, reason="x", actor="ana", now=NOW)
    mine = operations.today(session, owner="ana", now=NOW, size=50)
    assert [one.id for one in mine.prospects] == [late.id, due.id]
    assert (mine.mine.open, mine.mine.overdue, mine.mine.due_today, mine.mine.without_next_action) == (4, 1, 1, 1)
    assert (mine.unowned.open, mine.unowned.overdue) == (1, 1)

    def found(**filters: Any) -> set[Any]:
        return {one.id for one in session.scalars(operations.prospects(**filters, today=TODAY))}

    assert found(overdue=True) == {late.id, nobodys.id}
    assert found(planned=False) == {unplanned.id}
    assert found(owned=False) == {nobodys.id}
    assert found(owner="ana", stage="opened", sector="agriculture", country="AR") == found(owner="ana") - {closed.id}
    assert closed.id in found(overdue=False)


def test_the_board_counts_all_and_shows_the_first_by_day(session: Session) -> None:
    days = [TODAY + timedelta(days=number) for number in (5, 1, 3)]
    cards = [
        planned(session, a_prospect(session, name=f"Coop {number}", locality=f"L{number}"), day)
        for number, day in enumerate(days)
    ]
    unplanned = a_prospect(session, name="Otra", locality="Azul")
    moved(session, a_prospect(session, name="Lejos", country="UY"), "proposal")
    board = operations.board(session, order="next_action_on", size=2, now=NOW, country="AR")
    first, *others = board.columns
    assert (first.stage, first.count) == ("identified", 4)
    assert [one.id for one in first.prospects] == [cards[1].id, cards[2].id]
    assert [column.count for column in others] == [0] * 5
    assert (board.totals.open, board.totals.without_next_action, board.totals.overdue) == (4, 1, 0)
    everything = operations.board(session, order="next_action_on", size=9, now=NOW)
    assert [one.id for one in everything.columns[0].prospects][-1] == unplanned.id
    assert [column.count for column in everything.columns] == [4, 0, 0, 1, 0, 0]


def test_the_board_takes_as_many_statements_however_many_stand_on_it(session: Session) -> None:
    def read() -> int:
        session.flush()
        session.expunge_all()
        with counted(session) as sent:
            board = operations.board(session, order="fit", size=20, now=NOW)
            operations.fits_of(session, [one for column in board.columns for one in column.prospects], now=NOW)
        return len(sent)

    a_prospect(session)
    few = read()
    for number, stage in enumerate(("contacted", "qualified", "proposal")):
        moved(session, a_prospect(session, name=f"Coop {number}", locality=f"L{number}", country="UY"), stage)
    assert read() == few


def test_the_fit_shown_is_of_this_moment_whatever_happened_a_moment_ago(session: Session) -> None:
    plain = a_prospect(session, name="Cooperativa Uno")
    apex = a_prospect(session, name="Confederación", locality="Azul", structure="national-apex")
    before = operations.fits_of(session, [plain, apex], now=NOW)
    assert before[plain.id].reasons[0].code == "country_without_members"
    a_member(session, name="Cooperativa Tres", locality="Tandil")
    operations.add_contact(
        session, organization_id=plain.organization_id, role="presidency", name="P.", email="p@b.invalid", now=NOW
    )
    after = operations.fits_of(session, [plain, apex], now=NOW)
    assert [reason.code for reason in after[plain.id].reasons][:2] == [
        "country_with_few_members",
        "sector_with_members",
    ]
    assert after[plain.id].reasons[4].code == "contact_person"
    assert after[apex.id].score < before[apex.id].score


def test_prospects_of_the_edition_before_keep_their_meaning(session: Session) -> None:
    """What 0005 does to rows is in test_pipeline_migration; here, that nothing else needs the old word."""
    prospect = a_prospect(session)
    assert session.scalars(operations.prospects(stage="opened")).all() == [prospect]
    assert session.scalar(text("SELECT stage FROM prospects")) == "identified"
    assert session.scalars(select(Organization)).one().id == prospect.organization_id
