"""The way in for files: one register's file, read as it streams, a transaction for every thousand rows.

Killed at any moment it leaves whole transactions behind; run again it takes in what is missing and nothing twice.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path

from sqlalchemy import Connection, Engine, text, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from services.membership.model import ImportRun, ImportRunning
from services.membership.operations.finishing import compare_places, compare_unplaced, complete, know_sizes, mark_gone
from services.membership.operations.taking import Rejection, start_seeing, take
from services.membership.registers.entries import Entries, Entry, Refusal
from services.membership.registers.json_file import JsonFile
from services.membership.registers.opening import open_register
from services.membership.registers.profile import Profile
from services.membership.registers.reader import BrokenRow, RegisterFile, Row
from shared.clock import utc_now
from shared.database import unhurried
from shared.ids import uuid7
from shared.tracing import Trace, put_trace

CHUNK = 1000
Progress = Callable[[str, int, int], None]
"""Called with what is being done, how much of it is done, and how much there is (0 when unknown)."""

_lock = text("SELECT pg_try_advisory_lock(hashtextextended('import ' || :register, 0))")


def import_register(
    engine: Engine,
    path: Path,
    profile: Profile,
    *,
    profile_name: str,
    actor: str,
    dry_run: bool = False,
    allow_gone: bool = False,
    progress: Progress = lambda _what, _done, _total: None,
    look: Callable[[Session, ImportRun], None] = lambda _session, _run: None,
) -> ImportRun:
    """Take the register's file in and return what became of it.

    With `dry_run` everything is done in one transaction that is rolled back, so the counts are the same. `look` sees
    the finished run before that.

    Raises:
        UnreadableFile: when the file can't be read as the profile says; nothing was changed then.
        ImportRunning: when the same register is being imported elsewhere.
    """
    with open_register(path, profile) as file, _session(engine, actor=actor, dry_run=dry_run) as session:
        run = _start(session, path, profile, profile_name)
        try:
            _read(session, run, file, Entries(profile, file.columns), progress)
            _compare(session, run, progress)
            with session.begin():
                mark_gone(session, run, even_many=allow_gone, now=run.started_at)
                complete(session, run, now=utc_now())
        except BaseException:
            _note_interruption(session, run)
            raise
        with session.begin():
            look(session, run)
        return run


@contextmanager
def _session(engine: Engine, *, actor: str, dry_run: bool) -> Iterator[Session]:
    """A session on a connection of its own, which is closed for good: with it go its lock and its temporary table."""
    with engine.connect() as connection:
        connection.detach()
        with (
            unhurried(connection),
            _outer(connection, dry_run=dry_run),
            Session(connection, expire_on_commit=False, join_transaction_mode="create_savepoint") as session,
        ):
            put_trace(session, Trace(actor=actor))
            yield session


@contextmanager
def _outer(connection: Connection, *, dry_run: bool) -> Iterator[None]:
    """A dry run stays inside one transaction."""
    if not dry_run:
        yield
        return
    with connection.begin() as transaction:
        yield
        transaction.rollback()


def _start(session: Session, path: Path, profile: Profile, profile_name: str) -> ImportRun:
    with session.begin():
        if not session.scalar(_lock, {"register": profile.registry}):
            raise ImportRunning(register=profile.registry)
        start_seeing(session)
        unfinished = update(ImportRun).where(ImportRun.register == profile.registry, ImportRun.state == "running")
        session.execute(unfinished.values(state="interrupted"))
        run = ImportRun(
            id=uuid7(), register=profile.registry, profile=profile_name, file=path.name, started_at=utc_now()
        )
        session.add(run)
    return run


def _read(
    session: Session, run: ImportRun, file: RegisterFile | JsonFile, entries: Entries, progress: Progress
) -> None:
    rows = file.rows()
    while chunk := list(islice(rows, CHUNK)):
        understood: list[tuple[int, Entry]] = []
        rejections: list[Rejection] = []
        for row in chunk:
            _understand(row, entries, understood, rejections)
        with session.begin():
            take(session, run, entries=understood, rejections=rejections, now=run.started_at)
        progress("reading", file.position, file.size)


def _understand(
    row: Row | BrokenRow, entries: Entries, understood: list[tuple[int, Entry]], rejections: list[Rejection]
) -> None:
    if isinstance(row, BrokenRow):
        rejections.append(Rejection(row.line, "", "", row.reason, row.params, row.pieces))
        return
    try:
        understood.append((row.line, entries.read(row.cells, oddly_quoted=row.oddly_quoted)))
    except Refusal as refusal:
        key = entries.key(row.cells)
        params = {"value": refusal.value} if refusal.value else {}
        rejections.append(Rejection(row.line, key, refusal.column, refusal.reason, params, (key,)))


def _compare(session: Session, run: ImportRun, progress: Progress) -> None:
    done = 0
    if run.created or run.updated:
        with session.begin():
            know_sizes(session)
    for step in (compare_places, compare_unplaced):
        compared, after = 1, ""
        while compared:
            with session.begin():
                compared, after = step(session, run, after=after, now=run.started_at)
            done += compared
            progress("comparing", done, max(done, run.created + run.updated + run.in_review))


def _note_interruption(session: Session, run: ImportRun) -> None:
    """Best effort: without a database to write to, the register's next import notes it."""
    with suppress(SQLAlchemyError):
        session.rollback()
        with session.begin():
            mine = update(ImportRun).where(ImportRun.id == run.id)
            session.execute(mine.values(state="interrupted", finished_at=utc_now()))
