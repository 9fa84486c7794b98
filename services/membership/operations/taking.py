"""Take rows of a register in: new ones by COPY, changed ones one by one, the others not at all."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import insert, select, text
from sqlalchemy.orm import Session

from services.membership.identifiers import kind_of
from services.membership.model import Contact, Finding, Identifier, ImportRun, Organization, Unmatched
from services.membership.model.organizations import derive
from services.membership.operations.copying import copy
from services.membership.operations.following import OF_THE_REGISTER, contact_rows, follow
from services.membership.registers.entries import Entry
from services.membership.vocabulary import degree_of
from shared.ids import uuid7

_create_seen = text("""
    CREATE TEMPORARY TABLE seen (key text PRIMARY KEY, line integer NOT NULL, outcome text NOT NULL, digest bytea)
""")
_see = text("""
    INSERT INTO seen (key, line, outcome, digest)
    SELECT * FROM unnest(CAST(:keys AS text[]), CAST(:lines AS int[]), CAST(:outcomes AS text[]),
                         CAST(:digests AS bytea[]))
    ON CONFLICT (key) DO UPDATE SET line = excluded.line, outcome = excluded.outcome, digest = excluded.digest
    WHERE seen.digest IS NULL
    RETURNING key
""")
_mention = text("""
    INSERT INTO seen (key, line, outcome)
    SELECT DISTINCT ON (key) key, line, 'rejected'
    FROM unnest(CAST(:keys AS text[]), CAST(:lines AS int[])) AS mentioned (key, line)
    ON CONFLICT DO NOTHING
""")
_seen_before = text("SELECT key, line, digest FROM seen WHERE key = ANY(CAST(:keys AS text[]))")


class Rejection(NamedTuple):
    """A row that is not taken in. `mentions` are keys it may be about, whose organizations are not gone for sure."""

    line: int
    key: str
    column: str
    reason: str
    params: dict[str, Any]
    mentions: Sequence[str]


class Known(NamedTuple):
    """What is known of a key already."""

    id: UUID
    digest: bytes | None
    is_gone: bool


def start_seeing(session: Session) -> None:
    """Room for the keys of one file, on this connection only; it vanishes with it, also when it is killed."""
    session.execute(_create_seen)


def take(
    session: Session,
    run: ImportRun,
    *,
    entries: Sequence[tuple[int, Entry]],
    rejections: list[Rejection],
    now: datetime,
) -> None:
    """Take `entries` in, each with its line, note `rejections`, and count all of them in `run`."""
    run.rows += len(entries) + len(rejections)
    known = _known(session, run.register, [entry.key for _, entry in entries])
    fresh, repeated = _first_of_their_key(session, entries, known)
    rejections += _contradictions(session, repeated)
    run.unchanged += len(entries) - len(fresh) - sum(1 for one in rejections if one.reason == "key_twice")
    for outcome in ("created", "updated", "unchanged"):
        of_this = [entry for _, entry in fresh if _outcome(entry, known) == outcome]
        setattr(run, outcome, getattr(run, outcome) + len(of_this))
        if outcome == "created":
            _create(session, run.register, of_this, now=now)
        elif outcome == "updated":
            follow(session, {known[entry.key].id: entry for entry in of_this}, now=now)
    run.flagged_identifiers += sum(1 for _, entry in fresh for *_, valid in entry.identifiers if not valid)
    _note_rejections(session, run, rejections)
    _note_flags(session, run, fresh)


def _known(session: Session, register: str, keys: Sequence[str]) -> dict[str, Known]:
    columns = (
        Organization.register_key,
        Organization.id,
        Organization.register_hash,
        Organization.gone_at.is_not(None),
    )
    rows = session.execute(
        select(*columns).where(Organization.register == register, Organization.register_key.in_(keys))
    )
    return {str(key): Known(organization_id, digest, is_gone) for key, organization_id, digest, is_gone in rows}


def _outcome(entry: Entry, known: dict[str, Known]) -> str:
    before = known.get(entry.key)
    if before is None:
        return "created"
    return "unchanged" if before.digest == entry.digest and not before.is_gone else "updated"


def _first_of_their_key(
    session: Session, entries: Sequence[tuple[int, Entry]], known: dict[str, Known]
) -> tuple[list[tuple[int, Entry]], list[tuple[int, Entry]]]:
    """Rows whose key stands in the file for the first time, and the others."""
    first: dict[str, tuple[int, Entry]] = {}
    for line, entry in entries:
        first.setdefault(entry.key, (line, entry))
    new = session.scalars(
        _see,
        {
            "keys": list(first),
            "lines": [line for line, _ in first.values()],
            "outcomes": [_outcome(entry, known) for _, entry in first.values()],
            "digests": [entry.digest for _, entry in first.values()],
        },
    )
    keys = set(new)
    fresh = [(line, entry) for line, entry in first.values() if entry.key in keys]
    lines = {line for line, _ in fresh}
    return fresh, [(line, entry) for line, entry in entries if line not in lines]


def _contradictions(session: Session, repeated: list[tuple[int, Entry]]) -> list[Rejection]:
    """Rows whose key stood before in the file with something else; those that repeat a row are just that."""
    if not repeated:
        return []
    rows = session.execute(_seen_before, {"keys": [entry.key for _, entry in repeated]})
    before = {key: (line, digest) for key, line, digest in rows}
    return [
        Rejection(line, entry.key, "", "key_twice", {"line": before[entry.key][0]}, ())
        for line, entry in repeated
        if before[entry.key][1] != entry.digest
    ]


def _create(session: Session, register: str, entries: list[Entry], *, now: datetime) -> None:
    ids = {entry.key: uuid7() for entry in entries}
    copy(session, Organization, (_row(ids[entry.key], register, entry, now) for entry in entries))
    copy(session, Identifier, (row for entry in entries for row in _identifier_rows(ids[entry.key], entry)))
    copy(session, Contact, (row for entry in entries for row in contact_rows(ids[entry.key], entry)))
    copy(session, Unmatched, ({"organization_id": key} for key in ids.values()))


def _row(organization_id: UUID, register: str, entry: Entry, now: datetime) -> dict[str, Any]:
    derived = derive(
        entry.name,
        entry.country,
        locality=entry.locality,
        subdivision=entry.subdivision,
        acronym=entry.acronym,
        trade_names=entry.trade_names,
    )
    return {
        "id": organization_id,
        "version": 1,
        **{column: getattr(entry, column) for column in OF_THE_REGISTER},
        "acronym": entry.acronym,
        "trade_names": entry.trade_names,
        "degree": degree_of(entry.structure),
        "register": register,
        "register_key": entry.key,
        "register_hash": entry.digest,
        "created_at": now,
        "updated_at": now,
        **derived,
    }


def _identifier_rows(organization_id: UUID, entry: Entry) -> Iterable[dict[str, Any]]:
    for scheme, value, valid in entry.identifiers:
        row = {"organization_id": organization_id, "scheme": scheme, "value": value, "valid": valid}
        yield row | {"kind": entry.kinds.get(scheme) or kind_of(scheme)}


def _note_rejections(session: Session, run: ImportRun, rejections: list[Rejection]) -> None:
    if not rejections:
        return
    run.rejected += len(rejections)
    mentions = [(key, one.line) for one in rejections for key in one.mentions if key]
    session.execute(_mention, {"keys": [key for key, _ in mentions], "lines": [line for _, line in mentions]})
    session.execute(
        insert(Finding),
        [
            {
                "import_id": run.id,
                "line": one.line,
                "key": one.key,
                "column": one.column,
                "kind": "rejected",
                "reason": one.reason,
                "params": one.params,
            }
            for one in rejections
        ],
    )


def _note_flags(session: Session, run: ImportRun, entries: list[tuple[int, Entry]]) -> None:
    flagged = [
        {
            "import_id": run.id,
            "line": line,
            "key": entry.key,
            "column": flag.column,
            "kind": "flagged",
            "reason": flag.reason,
            "params": {"value": flag.value},
        }
        for line, entry in entries
        for flag in entry.flags
    ]
    if flagged:
        session.execute(insert(Finding), flagged)
