"""Files of applications that came to nothing are deleted a year later; the record of each, with its checksum, stays."""

import io
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from services.membership import operations
from services.membership.application_form import FORM
from services.membership.model import ApplicationDocument, ApplicationEntry, DocumentDeleted, MembershipApplication
from services.membership.service import MembershipService, application_documents
from services.membership.settings import Settings
from services.membership.storage import FileAway, Folder, StorageAway
from shared.clock import utc_now
from shared.database import transaction
from shared.ids import uuid7
from shared.schedule import Turn
from tests.membership.making import NOW, TODAY, an_organization
from tests.membership.making_applications import a_draft, add_paper, complete, decided, ready, screening, submitted

KEPT = timedelta(days=FORM.policy.files_days)


def ids_of(*applications: MembershipApplication) -> set[UUID]:
    return {paper.id for one in applications for paper in one.documents}


def withdrawn(session: Session, name: str = "Coop. Ida") -> MembershipApplication:
    application = complete(session, a_draft(session, name=name))
    return operations.withdraw_application(session, application, reason="x", actor="ana", now=NOW)


def notes(session: Session) -> list[dict[str, int]]:
    lines = select(ApplicationEntry.details).where(ApplicationEntry.kind == "files_deleted")
    return list(session.scalars(lines))


def test_only_what_ended_without_membership_and_long_enough_ago_is_deleted(session: Session) -> None:
    gone = withdrawn(session)
    rejected = decided(session, ready(session, name="Coop. No"), "rejected")
    lapsed = screening(session, name="Coop. Muda")
    operations.ask_applicant(session, lapsed, question="?", due_on=TODAY, address=str, actor="eva", now=NOW)
    replaced = next(one for one in lapsed.documents if one.kind == "bylaws")
    operations.remove_document(session, lapsed, document_id=replaced.id, actor="ana", now=NOW)
    add_paper(session, lapsed, "bylaws", b"newer")
    silent = NOW + timedelta(days=FORM.policy.silence_days + 2)
    operations.lapse_applications(session, actor="system", now=silent)
    decided(session, ready(session, name="Coop. Sí"), despite="known for years")
    submitted(session, name="Coop. En curso")
    assert set(operations.files_over_time(session, now=NOW + KEPT - timedelta(seconds=1))) == set()
    assert set(operations.files_over_time(session, now=NOW + KEPT)) == ids_of(gone, rejected)
    assert set(operations.files_over_time(session, now=silent + KEPT)) == ids_of(gone, rejected, lapsed)
    assert replaced.id in ids_of(lapsed)


def test_a_record_keeps_its_checksum_and_says_since_when_there_is_no_file(session: Session) -> None:
    application = withdrawn(session)
    ids, later = ids_of(application), NOW + KEPT
    before = {one.id: one.sha256 for one in application.documents}
    for _ in range(2):
        operations.note_deleted(session, ids, now=later)
    assert {one.id: one.sha256 for one in application.documents} == before
    assert {one.file_deleted_at for one in application.documents} == {later}
    assert notes(session) == [{"documents": len(ids)}]
    assert "system" not in application.makers
    assert operations.files_over_time(session, now=later) == []
    with pytest.raises(DocumentDeleted) as refused:
        application.documents[0].ensure_file()
    assert refused.value.params["sha256"] == application.documents[0].sha256


def a_turn(engine: Engine, files: Path) -> Turn:
    names = ("DATABASE_URL", "AMQP_URI", "AUTH_JWKS", "AUTH_ISSUER", "LINK_SECRET", "PUBLIC_URL")
    env = dict.fromkeys(names, "x") | {"HTTP_PORT": "1", "FILES_URL": files.as_uri()}
    return Turn(engine=engine, settings=Settings.from_env("membership", env), stopping=lambda: False)


@pytest.fixture
def ended(engine: Engine, tmp_path: Path) -> set[UUID]:
    """Two applications that ended, with their files."""
    with transaction(engine) as session:
        ids = ids_of(withdrawn(session, "Coop. Una"), withdrawn(session, "Coop. Otra"))
    for file_id in ids:
        Folder(tmp_path / "files").put(file_id, io.BytesIO(b"x"))
    return ids


def delete_files(turn: Turn, monkeypatch: pytest.MonkeyPatch, now: datetime) -> None:
    monkeypatch.setattr(application_documents, "utc_now", lambda: now)
    MembershipService().delete_files(turn)


def deleted(engine: Engine) -> set[UUID]:
    with Session(engine) as session:
        row = ApplicationDocument
        return set(session.scalars(select(row.id).where(row.file_deleted_at.is_not(None))))


def test_the_schedule_deletes_once_however_many_do_it_and_however_late(
    engine: Engine, ended: set[UUID], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    turn, week_late = a_turn(engine, tmp_path / "files"), NOW + KEPT + timedelta(days=7)
    delete_files(turn, monkeypatch, NOW + KEPT - timedelta(days=1))
    assert deleted(engine) == set()
    with ThreadPoolExecutor(4) as crowd:
        list(crowd.map(lambda _: delete_files(turn, monkeypatch, week_late), range(4)))
    assert deleted(engine) == ended
    for file_id in ended:
        with pytest.raises(FileAway):
            Folder(tmp_path / "files").read(file_id)
    with Session(engine) as session:
        assert sum(one["documents"] for one in notes(session)) == len(ended)
        assert len(notes(session)) == 2


def test_while_the_storage_is_away_nothing_is_said_to_be_deleted_and_later_it_is(
    engine: Engine, ended: set[UUID], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    turn, files, away = a_turn(engine, tmp_path / "files"), tmp_path / "files", tmp_path / "away"
    files.rename(away)
    with pytest.raises(StorageAway):
        delete_files(turn, monkeypatch, NOW + KEPT)
    files.mkdir()
    with pytest.raises(StorageAway):
        delete_files(turn, monkeypatch, NOW + KEPT)
    assert deleted(engine) == set()
    files.rmdir()
    away.rename(files)
    one = min(ended)
    Folder(files).delete(one)
    delete_files(turn, monkeypatch, NOW + KEPT + timedelta(days=7))
    assert deleted(engine) == ended


def test_a_file_whose_paper_was_taken_back_from_a_draft_is_swept_and_no_other(
    engine: Engine, ended: set[UUID], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with transaction(engine) as session:
        draft = complete(session, a_draft(session, name="Coop. Nueva"))
        taken_back, kept = draft.documents[0].id, draft.documents[1].id
        operations.remove_document(session, draft, document_id=taken_back, actor="link/1", now=NOW)
    folder = Folder(tmp_path / "files")
    for file_id in (taken_back, kept):
        folder.put(file_id, io.BytesIO(b"x"))
    monkeypatch.setattr(application_documents, "utc_now", lambda: utc_now() + timedelta(hours=2))
    MembershipService().sweep_files(a_turn(engine, tmp_path / "files"))
    with pytest.raises(FileAway):
        folder.read(taken_back)
    for file_id in (kept, *ended):
        assert b"".join(folder.read(file_id)) == b"x"


def test_what_nobody_ever_kept_is_not_looked_for(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with transaction(engine) as session:
        draft = a_draft(session, organization=an_organization(session))
        operations.withdraw_application(session, draft, reason="x", actor="ana", now=NOW)
    delete_files(a_turn(engine, tmp_path / str(uuid7())), monkeypatch, NOW + KEPT)
    assert deleted(engine) == set()
