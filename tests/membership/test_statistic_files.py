"""Files as evidence of a declaration: who adds and removes them until when, what stays, and that nobody sweeps them."""

import io
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from services.membership import operations
from services.membership.file_types import PDF
from services.membership.model import (
    EmptyDocument,
    NotDeclarable,
    SentByStaff,
    StatisticDeclaration,
    StatisticFile,
    TooManyFiles,
    TypeNotTaken,
    UnknownStatisticFile,
)
from services.membership.model.statistic_files import MOST_FILES
from services.membership.service import MembershipService, application_documents
from services.membership.storage import FileAway, Folder
from shared.clock import utc_now
from shared.database import transaction
from shared.ids import uuid7
from tests.membership.making import NOW
from tests.membership.making_dues import a_round, accepted, address, declared, named_member, statistic_of
from tests.membership.test_file_retention import a_turn

LINK = "link/0190"
LATER = NOW + timedelta(hours=1)


def asked(session: Session, name: str = "Uno") -> StatisticDeclaration:
    member = named_member(session, name)
    a_round(session)
    return statistic_of(session, member)


def add(
    session: Session, of: StatisticDeclaration, content: bytes = b"x", *, actor: str = LINK, **changes: Any
) -> StatisticFile:
    facts = {"name": "memoria.pdf", "media_type": PDF, "size": len(content), "sha256": sha256(content).hexdigest()}
    added, _ = operations.add_evidence(session, of, **facts | changes, actor=actor, now=LATER)
    return added


def remove(session: Session, of: StatisticDeclaration, file: StatisticFile, *, actor: str = "ana") -> None:
    operations.remove_evidence(session, of, file_id=file.id, actor=actor, now=NOW)


def kept(session: Session) -> list[StatisticFile]:
    return list(session.scalars(select(StatisticFile)))


def test_the_same_file_is_entered_once_and_the_history_says_who_brought_which(session: Session) -> None:
    of = asked(session)
    version = of.version
    first = add(session, of)
    assert (first.name, first.size, first.removable, of.version) == ("memoria.pdf", 1, True, version + 1)
    assert (add(session, of, name="otra.pdf"), of.version) == (first, version + 1)
    add(session, of, b"y", name="..\\acta", actor="ana")
    declared(session, of.member, 100)
    lines = [(line.step, line.note, line.by) for line in of.history]
    assert lines[1:3] == [
        ("file_added", f"memoria.pdf, SHA-256 {sha256(b'x').hexdigest()}", LINK),
        ("file_added", f"acta.pdf, SHA-256 {sha256(b'y').hexdigest()}", "ana"),
    ]
    figures = of.history[-1].figures
    assert figures
    assert [one["name"] for one in figures["files"]] == ["memoria.pdf", "acta.pdf"]
    assert of.state == "declared"


def test_before_figures_a_file_taken_back_is_gone_and_afterwards_it_stays_on_record(session: Session) -> None:
    of = asked(session)
    remove(session, of, add(session, of))
    assert (kept(session), of.history[-1].step) == ([], "file_removed")
    relied_on = add(session, of)
    declared(session, of.member, 100)
    remove(session, of, relied_on)
    assert (kept(session), of.current_files) == ([relied_on], [])
    assert (relied_on.removed_at, relied_on.removed_by) == (NOW, "ana")
    assert operations.evidence(session, statistic_id=of.id, file_id=relied_on.id) is relied_on
    with pytest.raises(UnknownStatisticFile):
        remove(session, of, relied_on)
    assert add(session, of) is not relied_on
    listed = [
        session.scalars(operations.evidence_files(statistic_id=of.id, current=one)).all() for one in (True, False)
    ]
    assert [len(files) for files in listed] == [1, 2]


def test_once_accepted_nobody_adds_or_removes_until_it_is_questioned(session: Session) -> None:
    of = asked(session)
    file = add(session, of)
    accepted(session, of.member, 100)
    version = of.version
    for refused in (lambda: add(session, of, b"y"), lambda: remove(session, of, file)):
        with pytest.raises(NotDeclarable):
            refused()
    with pytest.raises(NotDeclarable):
        operations.remove_evidence_by_link(session, of, file_id=file.id, actor=LINK, now=NOW)
    assert (of.current_files, of.version) == ([file], version)
    operations.question_statistic(session, of, question="?", address=address, actor="ana", now=NOW)
    assert add(session, of, b"y") in of.current_files


def test_who_holds_a_link_takes_back_what_came_by_a_link_and_nothing_else(session: Session) -> None:
    of = asked(session)
    theirs, ours = add(session, of), add(session, of, b"y", actor="staff@localhost")
    with pytest.raises(SentByStaff) as refused:
        operations.remove_evidence_by_link(session, of, file_id=ours.id, actor=LINK, now=NOW)
    assert refused.value.params == {"name": "memoria.pdf"}
    operations.remove_evidence_by_link(session, of, file_id=theirs.id, actor="link/another", now=NOW)
    assert of.current_files == [ours]


@pytest.mark.parametrize(("changes", "refusal"), [({"size": 0}, EmptyDocument), ({"media_type": None}, TypeNotTaken)])
def test_what_is_no_evidence_is_refused_and_changes_nothing(
    session: Session, changes: dict[str, Any], refusal: type[Exception]
) -> None:
    of = asked(session)
    version = of.version
    with pytest.raises(refusal):
        add(session, of, **changes)
    assert (kept(session), of.version, len(of.history)) == ([], version, 1)


def test_a_declaration_has_so_many_files_and_one_taken_back_makes_place(session: Session) -> None:
    of = asked(session)
    declared(session, of.member, 100)
    files = [add(session, of, str(number).encode()) for number in range(MOST_FILES)]
    with pytest.raises(TooManyFiles):
        add(session, of, b"more")
    remove(session, of, files[0])
    assert add(session, of, b"more") in of.current_files


def test_a_file_is_of_its_own_declaration_alone(session: Session) -> None:
    of = asked(session)
    file = add(session, of)
    with pytest.raises(UnknownStatisticFile):
        operations.evidence(session, statistic_id=uuid7(), file_id=file.id)
    with pytest.raises(UnknownStatisticFile):
        operations.evidence(session, statistic_id=of.id, file_id=uuid7())


def test_the_sweep_keeps_evidence_also_what_was_taken_back_later(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Folder(tmp_path / "files")
    with transaction(engine) as session:
        of = asked(session)
        gone = add(session, of, b"gone").id
        remove(session, of, of.current_file(gone))
        present, marked = add(session, of, b"present").id, add(session, of, b"marked").id
        accepted(session, of.member, 100)
        operations.question_statistic(session, of, question="?", address=address, actor="ana", now=NOW)
        remove(session, of, of.current_file(marked))
        assert operations.claimed_files(session, [gone, present, marked]) == {present, marked}
    for file_id in (gone, present, marked):
        folder.put(file_id, io.BytesIO(b"x"))
    years_later = utc_now() + timedelta(days=3650)
    monkeypatch.setattr(application_documents, "utc_now", lambda: years_later)
    MembershipService().sweep_files(a_turn(engine, tmp_path / "files"))
    MembershipService().delete_files(a_turn(engine, tmp_path / "files"))
    for file_id in (present, marked):
        assert b"".join(folder.read(file_id)) == b"x"
    with pytest.raises(FileAway):
        folder.read(gone)


def at_once(engine: Engine, statistic_id: UUID, contents: list[bytes]) -> list[UUID | type[Exception]]:
    """What each gets that adds a file while the others do."""

    def work(content: bytes) -> UUID | type[Exception]:
        try:
            with transaction(engine) as session:
                of = operations.statistic_to_change(session, statistic_id=statistic_id)
                return add(session, of, content).id
        except TooManyFiles as refusal:
            return type(refusal)

    with ThreadPoolExecutor(len(contents)) as crowd:
        return list(crowd.map(work, contents))


def test_of_many_at_once_the_same_file_is_one_and_the_last_place_goes_to_one(engine: Engine) -> None:
    with transaction(engine) as session:
        statistic_id = asked(session).id
    assert len(set(at_once(engine, statistic_id, [b"x"] * 6))) == 1
    with transaction(engine) as session:
        of = operations.statistic_to_change(session, statistic_id=statistic_id)
        for number in range(MOST_FILES - 2):
            add(session, of, str(number).encode())
    answers = at_once(engine, statistic_id, [b"a", b"b", b"c", b"d"])
    assert sum(one is TooManyFiles for one in answers) == len(answers) - 1
    with transaction(engine) as session:
        of = operations.statistic(session, statistic_id=statistic_id)
        assert len(of.current_files) == MOST_FILES
        assert [line.number for line in of.history] == list(range(1, MOST_FILES + 2))


def test_a_file_that_comes_while_the_figures_are_accepted_is_refused(engine: Engine) -> None:
    with transaction(engine) as session:
        of = asked(session)
        declared(session, of.member, 100)
        statistic_id = of.id
    with transaction(engine) as session:
        of = operations.statistic_to_change(session, statistic_id=statistic_id)
        operations.accept_statistic(session, of, actor="ana", now=NOW)
        with ThreadPoolExecutor(1) as other:
            late = other.submit(at_once, engine, statistic_id, [b"x"])
            session.commit()
            with pytest.raises(NotDeclarable):
                late.result()
