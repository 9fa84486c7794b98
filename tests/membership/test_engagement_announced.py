"""Changes of level: each said once of its day, however late, often or in however many processes the schedule runs."""

from datetime import datetime, timedelta

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from services.membership import operations
from services.membership.model import EngagementLine, Member
from shared.contracts.membership import EngagementChanged
from shared.database import transaction
from shared.messaging.outbox import published
from tests.membership.making import NOW, TODAY
from tests.membership.making_signals import ago, an_old_member, cleared, in_trouble, owing, tell, unreachable

YESTERDAY = TODAY - timedelta(1)


def said(session: Session) -> list[tuple[str, str, int, str]]:
    """From, to, how many days ago, and the suggestion of each change that was said."""
    return [
        (one.previous_level, one.level, (TODAY - one.effective_on).days, one.suggested)
        for one in published(session)
        if isinstance(one, EngagementChanged)
    ]


def run(session: Session, now: datetime = NOW) -> None:
    while operations.announce_engagement(session, now=now):
        pass


def a_course_of_trouble(session: Session) -> Member:
    """Late with dues for long, unreachable from the ninth day before today until the fourth, and again yesterday."""
    member = an_old_member(session)
    owing(session, member, days=200)
    for began, ended in ((9, 4), (1, None)):
        refused = unreachable(member)
        tell(session, refused, days=began)
        if ended:
            tell(session, cleared(refused), days=ended)
    return member


THE_SAME = [
    ("engaged", "watch", 10, "agree_on_dues"),
    ("watch", "at_risk", 9, "agree_on_dues"),
    ("at_risk", "watch", 4, "agree_on_dues"),
    ("watch", "at_risk", 1, "agree_on_dues"),
]


def test_a_change_is_said_of_its_day_when_that_is_over(session: Session) -> None:
    a_course_of_trouble(session)
    for days in range(9, -1, -1):
        run(session, ago(days))
        run(session, ago(days) + timedelta(hours=5))
    assert said(session) == THE_SAME
    lines = session.scalars(select(EngagementLine).order_by(EngagementLine.effective_on)).all()
    assert [(one.previous, one.level, one.risk) for one in lines] == [
        ("engaged", "watch", 40),
        ("watch", "at_risk", 55),
        ("at_risk", "watch", 40),
        ("watch", "at_risk", 55),
    ]


def test_a_schedule_that_was_down_for_days_says_the_same(session: Session) -> None:
    a_course_of_trouble(session)
    run(session, ago(9))
    run(session)
    run(session)
    assert said(session) == THE_SAME


def test_a_member_never_looked_at_is_said_of_as_it_is(session: Session) -> None:
    member = a_course_of_trouble(session)
    run(session)
    [(previous, level, days, _)] = said(session)
    assert (previous, level, days) == ("engaged", "at_risk", 1)
    [event] = [one for one in published(session) if isinstance(one, EngagementChanged)]
    assert (event.member_id, event.risk, event.reasons) == (member.id, 55, ("dues_late", "contact_unreachable"))


def test_what_happens_today_is_said_tomorrow(session: Session) -> None:
    member = an_old_member(session)
    owing(session, member, days=60)
    run(session)
    tell(session, unreachable(member), unreachable(member))
    run(session)
    assert [one[1] for one in said(session)] == ["watch"]
    run(session, NOW + timedelta(days=1))
    assert [one[1:3] for one in said(session)] == [("watch", 1), ("at_risk", 0)]


def test_who_left_is_said_nothing_of(session: Session) -> None:
    gone, quiet = an_old_member(session, name="Uno"), an_old_member(session, name="Dos")
    in_trouble(session, gone)
    operations.decide(session, gone, kind="terminated", reason="x", actor="ana", now=NOW)
    run(session)
    assert said(session) == []
    assert session.scalars(operations.engagement_lines(member_id=quiet.id)).all() == []


def test_two_processes_at_once_say_it_once(engine: Engine) -> None:
    with transaction(engine) as session:
        in_trouble(session, an_old_member(session))
    with transaction(engine) as first:
        assert operations.announce_engagement(first, now=NOW) == 1
        with transaction(engine) as second:
            assert operations.announce_engagement(second, now=NOW) == 0
    with transaction(engine) as session:
        run(session)
        assert [one[1] for one in said(session)] == ["at_risk"]
