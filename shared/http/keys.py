"""Integrators' keys: made once, shown once, kept only as a hash."""

import hashlib
import hmac
import secrets
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ARRAY, Column, DateTime, LargeBinary, Table, Text, Uuid, func, select
from sqlalchemy.engine import Row
from sqlalchemy.orm import Session

from shared.database import plumbing
from shared.errors import NotFound, Rejected
from shared.http.auth import Principal, unauthorized
from shared.ids import uuid7

PREFIX = "ick_"

api_keys = Table(
    "api_keys",
    plumbing,
    Column("id", Uuid, primary_key=True),
    Column("prefix", Text, nullable=False, unique=True, comment="the public part, by which it is found"),
    Column(
        "hash", LargeBinary, nullable=False, comment="SHA-256; the secret has 256 random bits, so no salt is needed"
    ),
    Column("subject", Text, nullable=False),
    Column("scopes", ARRAY(Text), nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("created_by", Text, nullable=False),
    Column("expires_at", DateTime(timezone=True)),
    Column("revoked_at", DateTime(timezone=True)),
    Column("replaces", Uuid, comment="the key this one was rotated from"),
)


class ApiKeyNotFound(NotFound):
    """No key has this id."""

    message = "There is no such key."


class ApiKeyRevoked(Rejected):
    """A revoked key stays revoked."""

    message = "The key is revoked; make a new one."


class ScopeNotForKeys(Rejected):
    """Operations are for people, who can be told apart."""

    message = "A key can not carry the scope {scope}."


def create_key(
    session: Session,
    *,
    subject: str,
    scopes: list[str],
    actor: str,
    now: datetime,
    expires_at: datetime | None = None,
    replaces: UUID | None = None,
) -> tuple[UUID, str]:
    """A new key's id and the key itself, which nobody can read again."""
    if "ops" in scopes:
        raise ScopeNotForKeys(pointer="/scopes", scope="ops")
    prefix, secret, key_id = secrets.token_hex(6), secrets.token_urlsafe(32), uuid7()
    session.execute(
        api_keys.insert().values(
            id=key_id,
            prefix=prefix,
            hash=_hash(secret),
            subject=subject,
            scopes=sorted(set(scopes)),
            created_at=now,
            created_by=actor,
            expires_at=expires_at,
            replaces=replaces,
        )
    )
    return key_id, f"{PREFIX}{prefix}_{secret}"


def rotate_key(session: Session, key_id: UUID, *, overlap: timedelta, actor: str, now: datetime) -> tuple[UUID, str]:
    """A new key for the same subject and scopes; the old one works for `overlap` more."""
    old = find_key(session, key_id, lock=True)
    if old.revoked_at is not None:
        raise ApiKeyRevoked
    ends = now + overlap if old.expires_at is None else min(old.expires_at, now + overlap)
    session.execute(api_keys.update().where(api_keys.c.id == key_id).values(expires_at=ends))
    return create_key(
        session,
        subject=old.subject,
        scopes=old.scopes,
        actor=actor,
        now=now,
        expires_at=old.expires_at,
        replaces=key_id,
    )


def revoke_key(session: Session, key_id: UUID, *, now: datetime) -> None:
    """From now on the key opens nothing; revoking it again changes nothing."""
    find_key(session, key_id, lock=True)
    revoked = func.coalesce(api_keys.c.revoked_at, now)
    session.execute(api_keys.update().where(api_keys.c.id == key_id).values(revoked_at=revoked))


def find_key(session: Session, key_id: UUID, *, lock: bool = False) -> Row[tuple[object, ...]]:
    """The key's row, without its secret, which nobody has."""
    statement = select(api_keys).where(api_keys.c.id == key_id)
    row = session.execute(statement.with_for_update() if lock else statement).one_or_none()
    if row is None:
        raise ApiKeyNotFound
    return row


def principal_of(session: Session, key: str, *, now: datetime) -> Principal:
    """Whoever the key was made for.

    Raises:
        Unauthorized: unknown, expired or revoked.
    """
    prefix, _, secret = key.removeprefix(PREFIX).partition("_")
    row = session.execute(select(api_keys).where(api_keys.c.prefix == prefix)).one_or_none()
    if row is None or not hmac.compare_digest(row.hash, _hash(secret)):
        raise unauthorized("invalid_token")
    if row.revoked_at is not None or (row.expires_at is not None and row.expires_at <= now):
        raise unauthorized("invalid_token")
    return Principal(subject=row.subject, scopes=frozenset(row.scopes))


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
