"""What time brings, whoever looks and however many look at once; and lists that stay cheap."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from sqlalchemy import Engine, event, select
from sqlalchemy.orm import Session

from services.membership import operations
from services.membership.application_form import FORM
from services.membership.model import ApplicationEntry, MembershipApplication, Opinion
from services.membership.model.application_states import end_of
from shared.database import transaction
from tests.membership.making import NOW, TODAY
from tests.membership.making_applications import CLOSES, consulting, decided, ready, screening

AT_ONCE = 8


@contextmanager
def counted(session: Session) -> Iterator[list[str]]:
    """The statements sent within the block."""
    sent: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        sent.append(statement)

    engine = session.get_bind()
    event.listen(engine, "before_cursor_execute", note)
    yield sent
    event.remove(engine, "before_cursor_execute", note)


def test_of_many_that_close_and_lapse_at_once_each_application_is_one_s(engine: Engine) -> None:
    with transaction(engine) as session:
        first, _ = consulting(session)
        asked = screening(session, name="Coop. Muda")
        operations.ask_applicant(session, asked, question="?", due_on=CLOSES, address=str, actor="eva", now=NOW)
        ids = {first.id, asked.id}
    late = end_of(CLOSES + timedelta(days=FORM.policy.silence_days + 7))

    def look(_: int) -> int:
        with transaction(engine) as session:
            closed = operations.close_consultations(session, actor="system", now=late)
            return len(closed) + len(operations.lapse_applications(session, actor="system", now=late))

    with ThreadPoolExecutor(AT_ONCE) as crowd:
        assert sum(crowd.map(look, range(AT_ONCE))) == 2
    with Session(engine) as session:
        states = {one.id: one.state for one in session.scalars(select(MembershipApplication))}
        assert states == {first.id: "ready_for_decision", asked.id: "lapsed"}
        assert set(states) == ids
        assert session.scalars(select(Opinion.stance)).all() == ["silent", "silent"]
        by_time = select(ApplicationEntry.state).where(ApplicationEntry.by == "system")
        assert sorted(filter(None, session.scalars(by_time))) == ["lapsed", "ready_for_decision"]


def test_an_answer_at_the_last_moment_and_the_schedule_do_not_lose_each_other(engine: Engine) -> None:
    with transaction(engine) as session:
        application, [member] = consulting(session, members=1)
        application_id = application.id
    before, after = end_of(CLOSES) - timedelta(seconds=1), end_of(CLOSES)

    def say(_: int) -> None:
        with transaction(engine) as session:
            of = operations.application_to_change(session, application_id=application_id)
            operations.say_opinion(session, of, member_id=member.id, stance="abstain", actor="ana", now=before)

    def close(_: int) -> None:
        with transaction(engine) as session:
            operations.close_consultations(session, actor="system", now=after)

    with ThreadPoolExecutor(2) as crowd:
        said, closed = crowd.submit(say, 0), crowd.submit(close, 0)
        closed.result()
        refused = said.exception()
    close(0)
    with Session(engine) as session:
        stance = session.scalars(select(Opinion.stance)).one()
        assert stance == ("silent" if refused else "abstain")
        assert session.get_one(MembershipApplication, application_id).state == "ready_for_decision"


def test_a_page_of_applications_takes_as_many_statements_as_one_application(session: Session) -> None:
    def read(size: int) -> int:
        session.flush()
        session.expunge_all()
        with counted(session) as sent:
            page = session.scalars(operations.applications().options(*operations.whole()).limit(size)).all()
            assert len(page) == size
            for one in page:
                assert one.organization.name
                list(operations.missing(one))
                assert one.question is None
                assert one.decision is None or one.decision.until is None
        return len(sent)

    for number in range(6):
        application = ready(session, kind="supporter", name=f"Coop. {number}", country=f"X{'ABCDEF'[number]}")
        if number % 2:
            decided(session, application, despite="x")
    assert read(6) == read(1)


def test_the_board_takes_as_many_statements_however_many_stand_on_it(session: Session) -> None:
    def read() -> int:
        session.flush()
        session.expunge_all()
        with counted(session) as sent:
            board = operations.application_board(session, size=20, today=TODAY)
            for column in board.columns:
                for one in column.applications:
                    list(operations.missing(one))
        return len(sent)

    screening(session)
    few = read()
    for number in range(4):
        screening(session, name=f"Coop. {number}")
    assert read() == few
