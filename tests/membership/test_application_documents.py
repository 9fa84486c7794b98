"""Papers and supporters of applications; what a file is; where files are kept."""

import io
import os
import struct
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, Any

import pytest
from sqlalchemy.orm import Session

from services.membership import file_types, operations
from services.membership.file_types import DOCX, JPEG, ODT, PDF, PNG, XLSX, type_of
from services.membership.model import (
    AlreadyEndorsed,
    ApplicationClosed,
    EmptyDocument,
    EndorsedInFuture,
    EndorserNotCurrent,
    EndorsesItself,
    NotEditable,
    TooManyDocuments,
    TypeNotTaken,
    UnknownDocument,
    UnknownDocumentKind,
    UnknownEndorsement,
    UnknownMember,
)
from services.membership.model.application_documents import MOST_DOCUMENTS
from services.membership.operations.application_documents import plain_name
from services.membership.settings import Settings
from services.membership.storage import FileAway, Folder, StorageAway, open_storage
from shared.ids import uuid7
from shared.settings import MissingSetting
from tests.membership.making import NOW, TODAY, a_member
from tests.membership.making_applications import a_draft, add_paper, screening, submitted


def archive(*names: str, mimetype: str = "", compressed: bool = False) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as made:
        if mimetype:
            how = zipfile.ZIP_DEFLATED if compressed else zipfile.ZIP_STORED
            made.writestr("mimetype", mimetype, compress_type=how)
        for name in names:
            made.writestr(name, "<x/>")
    return file.getvalue()


def encrypted(content: bytes) -> bytes:
    """The archive with the flag set that says that it takes a password."""
    flagged = bytearray(content)
    flagged[6] |= 1
    flagged[flagged.index(b"PK\x01\x02") + 8] |= 1
    return bytes(flagged)


def far_away(content: bytes) -> bytes:
    """The archive with its first entry said to be, by an extra field, where no file reaches."""
    made, entry, end = bytearray(content), content.index(b"PK\x01\x02"), content.index(b"PK\x05\x06")
    extra = struct.pack("<HHQ", 1, 8, 2**64 - 2)
    name_length = int.from_bytes(made[entry + 28 : entry + 30], "little")
    made[entry + 30 : entry + 32] = len(extra).to_bytes(2, "little")
    made[entry + 42 : entry + 46] = b"\xff" * 4
    made[end + 12 : end + 16] = (end - entry + len(extra)).to_bytes(4, "little")
    made[entry + 46 + name_length : entry + 46 + name_length] = extra
    return bytes(made)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"%PDF-1.7\n...", PDF),
        (b"\x89PNG\r\n\x1a\n....", PNG),
        (b"\xff\xd8\xff\xe0....", JPEG),
        (archive("[Content_Types].xml", "word/document.xml"), DOCX),
        (archive("[Content_Types].xml", "xl/workbook.xml"), XLSX),
        (archive("content.xml", mimetype=ODT), ODT),
        (archive("content.xml", mimetype="application/vnd.oasis.opendocument.spreadsheet"), None),
        (archive("content.xml", mimetype=ODT, compressed=True), None),
        (archive("[Content_Types].xml", "word/document.xml", "word/vbaProject.bin"), None),
        (archive("word/document.xml"), None),
        (encrypted(archive(mimetype=ODT)), None),
        (far_away(archive(mimetype=ODT)), None),
        (archive("a.exe"), None),
        (b"PK\x03\x04 and nothing of an archive", None),
        (b"<html>%PDF-</html>", None),
        (b"MZ\x90\x00", None),
        (b"%PDF", None),
        (b"", None),
    ],
)
def test_a_file_is_what_is_in_it(content: bytes, expected: str | None) -> None:
    file = io.BytesIO(content)
    assert type_of(file) == expected
    assert file.tell() == 0


@pytest.mark.parametrize("piece", [7, 1024])
def test_an_archive_of_too_many_parts_is_refused_before_they_are_read(
    monkeypatch: pytest.MonkeyPatch, piece: int
) -> None:
    read: list[IO[bytes]] = []

    def reading(file: IO[bytes]) -> None:
        read.append(file)
        raise zipfile.BadZipFile

    monkeypatch.setattr(file_types, "_PIECE", piece)
    monkeypatch.setattr(file_types.zipfile, "ZipFile", reading)
    many, few = (io.BytesIO(b"PK\x03\x04" + b"PK\x01\x02.." * count) for count in (10_001, 10_000))
    assert (type_of(many), read) == (None, [])
    assert (type_of(few), read) == (None, [few])


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("Estatuto 2026.pdf", "Estatuto 2026.pdf"),
        ("../../etc/passwd", "passwd.pdf"),
        ("C:\\temp\\acta.PDF", "acta.pdf"),
        ("factura.exe", "factura.exe.pdf"),
        ("a\r\nb\x00c.pdf", "abc.pdf"),
        (" .. ", "document.pdf"),
        ("ñ" * 400, "ñ" * 200 + ".pdf"),
    ],
)
def test_a_name_is_plain_and_ends_as_its_content_says(name: str, plain: str) -> None:
    assert plain_name(name, PDF) == plain


def test_a_paper_is_entered_once_and_taken_back_while_it_may_change(session: Session) -> None:
    draft = a_draft(session)
    first, new = add_paper(session, draft, "bylaws")
    again, repeated = add_paper(session, draft, "bylaws")
    assert (new, repeated, again) == (True, False, first)
    add_paper(session, draft, "other")
    operations.remove_document(session, draft, document_id=first.id, actor="ana", now=NOW)
    assert [one.kind for one in draft.documents] == ["other"]
    with pytest.raises(UnknownDocument):
        operations.remove_document(session, draft, document_id=first.id, actor="ana", now=NOW)
    assert operations.claimed_files(session, [first.id, draft.documents[0].id]) == {draft.documents[0].id}


def test_a_paper_that_was_submitted_stays_on_record_when_it_is_taken_back(session: Session) -> None:
    application = screening(session)
    bylaws = next(one for one in application.documents if one.kind == "bylaws")
    with pytest.raises(NotEditable):
        operations.remove_document(session, application, document_id=bylaws.id, actor="ana", now=NOW)
    with pytest.raises(NotEditable):
        add_paper(session, application, "other")
    operations.ask_applicant(session, application, question="newer?", due_on=TODAY, address=str, actor="eva", now=NOW)
    operations.remove_document(session, application, document_id=bylaws.id, actor="ana", now=NOW)
    added, new = add_paper(session, application, "bylaws")
    assert (new, bylaws.removed_by, added.removed_at) == (True, "ana", None)
    assert operations.document(session, application_id=application.id, document_id=bylaws.id) is bylaws
    with pytest.raises(UnknownDocument):
        operations.document(session, application_id=uuid7(), document_id=bylaws.id)


@pytest.mark.parametrize(
    ("kind", "changes", "refusal"),
    [
        ("member_list", {}, UnknownDocumentKind),
        ("bylaws", {"media_type": None}, TypeNotTaken),
        ("bylaws", {"size": 0}, EmptyDocument),
    ],
)
def test_a_paper_that_cannot_be_is_refused(
    session: Session, kind: str, changes: dict[str, Any], refusal: type[Exception]
) -> None:
    with pytest.raises(refusal):
        add_paper(session, a_draft(session), kind, **changes)


def test_an_application_has_so_many_papers(session: Session) -> None:
    draft = a_draft(session)
    for number in range(MOST_DOCUMENTS):
        add_paper(session, draft, "other", str(number).encode())
    with pytest.raises(TooManyDocuments):
        add_paper(session, draft, "bylaws")


def test_a_present_member_supports_it_once_and_counts_while_it_is_one(session: Session) -> None:
    draft = a_draft(session, kind="supporter")
    member = a_member(session, name="Federación")
    about = {"member_id": member.id, "reference": "letter", "actor": "ana", "now": NOW}
    with pytest.raises(EndorsedInFuture) as refused:
        operations.add_endorsement(session, draft, **about, given_on=TODAY + timedelta(days=1))
    assert (refused.value.pointer, draft.endorsements) == ("/given_on", [])
    endorsement = operations.add_endorsement(session, draft, **about, given_on=TODAY)
    assert endorsement.counts
    with pytest.raises(AlreadyEndorsed):
        operations.add_endorsement(session, draft, **about)
    with pytest.raises(UnknownMember):
        operations.add_endorsement(session, draft, **about | {"member_id": uuid7()})
    operations.change_standing(session, member, standing="suspended", reason="x", actor="ana", now=NOW)
    assert not endorsement.counts
    operations.remove_endorsement(session, draft, member_id=member.id, actor="ana", now=NOW)
    with pytest.raises(UnknownEndorsement):
        operations.remove_endorsement(session, draft, member_id=member.id, actor="ana", now=NOW)
    with pytest.raises(EndorserNotCurrent):
        operations.add_endorsement(session, draft, **about)


def test_nobody_supports_itself_nor_what_is_closed(session: Session) -> None:
    member = a_member(session, name="Federación")
    associate = a_draft(session)
    member.organization_id = associate.organization_id
    with pytest.raises(EndorsesItself):
        operations.add_endorsement(session, associate, member_id=member.id, reference="x", actor="ana", now=NOW)
    closed = submitted(session, name="Coop. Dos")
    operations.withdraw_application(session, closed, reason="x", actor="ana", now=NOW)
    with pytest.raises(ApplicationClosed):
        operations.add_endorsement(session, closed, member_id=member.id, reference="x", actor="ana", now=NOW)


class Broken(io.BytesIO):
    """Gives a first piece, and then the disk is away."""

    def read(self, size: int | None = -1) -> bytes:
        if self.tell():
            raise OSError("disk away")
        return super().read(10)


def test_a_folder_keeps_a_file_whole_or_not_at_all(tmp_path: Path) -> None:
    folder, file_id = open_storage((tmp_path / "a folder").as_uri()), uuid7()
    content = os.urandom(200_000)
    with pytest.raises(StorageAway):
        folder.put(file_id, Broken(content))
    with pytest.raises(FileAway):
        folder.read(file_id)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
    folder.put(file_id, io.BytesIO(content))
    assert b"".join(folder.read(file_id)) == content
    folder.delete(file_id)
    folder.delete(file_id)
    with pytest.raises(FileAway):
        folder.read(file_id)


def test_a_disk_that_gives_nothing_is_away_and_a_file_that_is_not_there_is_not(tmp_path: Path) -> None:
    root, file_id = tmp_path / "files", uuid7()
    root.write_bytes(b"nobody can have a folder in here")
    with pytest.raises(StorageAway):
        Folder(root).put(file_id, io.BytesIO(b"x"))
    with pytest.raises(StorageAway):
        Folder(root).read(file_id)
    with pytest.raises(FileAway):
        Folder(tmp_path / "other").read(file_id)


def test_a_file_its_name_and_its_folders_name_are_on_the_disk_when_it_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flushed: list[Path] = []
    really = os.fsync

    def flush(descriptor: int) -> None:
        flushed.append(Path(f"/proc/self/fd/{descriptor}").readlink())
        really(descriptor)

    monkeypatch.setattr(os, "fsync", flush)
    file_id = uuid7()
    Folder(tmp_path).put(file_id, io.BytesIO(b"x"))
    [kept] = tmp_path.rglob(str(file_id))
    assert flushed[0].name.startswith(str(file_id))
    assert flushed[1:] == [kept.parent, tmp_path]


def test_what_is_old_is_told_and_what_was_written_halfway_swept(tmp_path: Path) -> None:
    folder, old, new = Folder(tmp_path), uuid7(), uuid7()
    assert list(folder.kept_before(NOW)) == []
    for file_id in (old, new):
        folder.put(file_id, io.BytesIO(b"x"))
    [path] = tmp_path.rglob(str(old))
    half = path.with_name(f"{uuid7()}.abc.part")
    half.write_bytes(b"x")
    path.with_name("README").write_bytes(b"x")
    before = datetime.now(UTC) - timedelta(hours=2)
    for one in (path, half, path.with_name("README")):
        os.utime(one, (before.timestamp(), before.timestamp()))
    assert list(folder.kept_before(datetime.now(UTC) - timedelta(hours=1))) == [old]
    assert not half.exists()
    assert path.with_name("README").exists()


@pytest.mark.parametrize("url", ["", "files", "file://", "file://host/path", "ftp://host/path"])
def test_a_place_nobody_can_keep_files_in_stops_the_start(url: str) -> None:
    env = dict.fromkeys(("DATABASE_URL", "AMQP_URI", "AUTH_JWKS", "AUTH_ISSUER", "LINK_SECRET", "PUBLIC_URL"), "x")
    with pytest.raises(MissingSetting, match="FILES_URL"):
        Settings.from_env("membership", {**env, "HTTP_PORT": "1", "FILES_URL": url})
