"""A small service that uses every part of the HTTP kit; `tests.notes_process` runs it in a process of its own."""

import time
from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

from marshmallow import Schema, fields, validate
from sqlalchemy import DateTime, Integer, Text, func, select
from sqlalchemy.orm import Mapped, mapped_column
from werkzeug.wrappers import Response

from shared.contracts.membership import ProspectOpened
from shared.database import Base
from shared.errors import Conflict, NotFound, Rejected
from shared.http.call import Call
from shared.http.paging import Page
from shared.http.routing import route
from shared.http.standard import StandardRoutes
from shared.ids import uuid7
from shared.messaging.outbox import publish


class NotesBase(Base):
    __abstract__ = True


class Note(NotesBase):
    __tablename__ = "notes"
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    title: Mapped[str] = mapped_column(Text)
    rank: Mapped[int | None] = mapped_column(Integer)
    made_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    version: Mapped[int] = mapped_column(Integer)
    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 -- SQLAlchemy's name


class NoteNotFound(NotFound):
    message = "There is no note {note_id}."


class TitleTaken(Conflict):
    message = "The title {title} is taken."


class TitleForbidden(Rejected):
    message = "A note may not be called {title}."


class NoteRequest(Schema):
    title = fields.String(required=True, validate=validate.Length(1, 100))
    rank = fields.Integer(strict=True, load_default=None, allow_none=True, validate=validate.Range(0, 1_000_000))


class NoteChange(Schema):
    title = fields.String(required=True, validate=validate.Length(1, 100))


class Nap(Schema):
    seconds = fields.Float(required=True, validate=validate.Range(0, 60))
    title = fields.String(required=True)


class NoteFilter(Schema):
    title = fields.String()
    ranks = fields.List(fields.Integer(validate=validate.Range(0, 1_000_000)))


class NoteResponse(Schema):
    id = fields.UUID(required=True)
    title = fields.String(required=True)
    rank = fields.Integer(allow_none=True)
    made_at = fields.DateTime(required=True)
    version = fields.Integer(required=True)


class NotesService(StandardRoutes):
    name = "membership"

    @route(
        "POST",
        "/v1/notes",
        scope="membership:write",
        body=NoteRequest,
        returns=NoteResponse,
        status=201,
        location="/v1/notes/{id}",
    )
    def write_note(self, call: Call) -> Note:
        """Write a note."""
        if call.body["title"] == "forbidden":
            raise TitleForbidden(title=call.body["title"], pointer="/title")
        if call.body["title"] == "broken":
            raise RuntimeError("secret detail")
        return write(call, **call.body)

    @route(
        "GET",
        "/v1/notes",
        scope="membership:read",
        query=NoteFilter,
        returns=NoteResponse,
        sort={"-made_at": Note.made_at, "title": Note.title, "rank": Note.rank},
    )
    def list_notes(self, call: Call) -> Page[Note]:
        """List notes."""
        statement = select(Note)
        if "title" in call.query:
            statement = statement.where(Note.title == call.query["title"])
        if call.query.get("ranks"):
            statement = statement.where(Note.rank.in_(call.query["ranks"]))
        return call.page(statement)

    @route("GET", "/v1/notes/<uuid:note_id>", scope="membership:read", returns=NoteResponse)
    def read_note(self, call: Call, *, note_id: UUID) -> Note:
        """Read a note."""
        return find_note(call, note_id)

    @route(
        "PATCH",
        "/v1/notes/<uuid:note_id>",
        scope="membership:write",
        body=NoteChange,
        returns=NoteResponse,
        requires_if_match=True,
    )
    def rename_note(self, call: Call, *, note_id: UUID) -> Note:
        """Rename a note."""
        note = find_note(call, note_id)
        call.match(note)
        note.title = call.body["title"]
        return note

    @route("DELETE", "/v1/notes/<uuid:note_id>", scope="membership:write", status=204)
    def drop_note(self, call: Call, *, note_id: UUID) -> None:
        """Throw a note away."""
        call.session.delete(find_note(call, note_id))

    @route("POST", "/v1/naps", scope="membership:write", body=Nap, returns=NoteResponse, status=201)
    def nap(self, call: Call) -> Note:
        """Write a note and take a while."""
        note = write(call, title=call.body["title"], rank=None)
        call.session.execute(select(func.pg_sleep(call.body["seconds"])))
        return note

    @route("POST", "/v1/files", scope="membership:write", consumes=("text/csv",), max_body=3_000_000)
    def take_file(self, call: Call) -> dict[str, int]:
        """Take a larger file of another type."""
        return {"bytes": len(call.raw)}

    @route("PUT", "/v1/notes/<uuid:note_id>", scope="membership:write", body=NoteChange, requires_if_match=True)
    def forgetful(self, call: Call, *, note_id: UUID) -> dict[str, str]:
        """A method that forgets to hold If-Match against what it changes."""
        return {}

    @route("PUT", "/v1/ranks", scope="membership:write", body=NoteRequest, status=204)
    def overflow(self, call: Call) -> None:
        """Ask the database for what its type can't hold."""
        call.session.execute(select(func.int4(call.body["rank"] * 1_000_000_000)))

    @route("GET", "/v1/ticks", scope=None, produces="text/plain")
    def ticks(self, call: Call) -> Response:
        """Stream until the service stops."""
        return Response(ticking(call), content_type="text/plain")


def ticking(call: Call) -> Iterator[bytes]:
    while not call.closing():
        yield b"tick\n"
        time.sleep(0.05)


def find_note(call: Call, note_id: UUID) -> Note:
    note = call.session.get(Note, note_id)
    if note is None:
        raise NoteNotFound(note_id=note_id)
    return note


def write(call: Call, *, title: str, rank: int | None) -> Note:
    note = Note(title=title, rank=rank, made_at=call.now)
    call.session.add(note)
    call.session.flush()
    event = ProspectOpened(
        prospect_id=note.id, organization_id=note.id, name=title, country="AR", sectors=(), source="note"
    )
    publish(call.session, event, at=call.now)
    return note
