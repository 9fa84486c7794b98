"""The same write sent twice is done once: its answer is kept beside its effect, under the caller's key."""

import hashlib
import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Column, DateTime, Integer, LargeBinary, Table, Text, func, select
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from shared.database import plumbing
from shared.http.problems import BadIdempotencyKey, InProgress, KeyReused
from shared.http.request import HttpRequest

KEPT = timedelta(hours=24)

idempotency_keys = Table(
    "idempotency_keys",
    plumbing,
    Column("principal", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("fingerprint", LargeBinary, nullable=False, comment="of method, address and body"),
    Column("status", Integer, nullable=False),
    Column("headers", JSONB, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now(), index=True),
)

_KEY = re.compile(r'"([\x20\x21\x23-\x5b\x5d-\x7e]{1,255})"|([\x21\x23-\x2b\x2d-\x5b\x5d-\x7e]{1,255})')
_KEPT_HEADERS = ("Content-Type", "ETag", "Location")


@dataclass(frozen=True)
class Claim:
    """A caller's key, and what it was used for."""

    principal: str
    key: str
    fingerprint: bytes

    @property
    def lock(self) -> int:
        """The advisory lock that stands for the key."""
        digest = hashlib.sha256(f"idempotency\0{self.principal}\0{self.key}".encode()).digest()
        return int.from_bytes(digest[:8], signed=True)


def read_claim(request: HttpRequest) -> Claim | None:
    """The request's Idempotency-Key, with or without the quotes the draft standard wants.

    Raises:
        BadIdempotencyKey: when it is not 1 to 255 printable characters (400).
    """
    header = request.headers.get("Idempotency-Key")
    if header is None:
        return None
    match = _KEY.fullmatch(header.strip())
    if not match:
        raise BadIdempotencyKey
    address = f"{request.method} {request.full_path}\0".encode()
    sent = request.upload.sha256.encode() if request.upload else request.body
    return Claim(request.principal.subject, match[1] or match[2], hashlib.sha256(address + sent).digest())


def earlier_answer(session: Session, claim: Claim, *, wait: bool = False) -> Response | None:
    """Take the key for this transaction; the answer it already has, if any.

    Raises:
        InProgress: another transaction holds the key (409), unless told to wait for it.
        KeyReused: the key was used for another request (422).
    """
    # The lock is a statement of its own: the row must be looked for in a snapshot taken after it was won.
    if wait:
        session.execute(select(func.pg_advisory_xact_lock(claim.lock)))
    elif not session.scalar(select(func.pg_try_advisory_xact_lock(claim.lock))):
        raise InProgress(headers={"Retry-After": "1"})
    row = session.execute(
        select(idempotency_keys).where(
            idempotency_keys.c.principal == claim.principal,
            idempotency_keys.c.key == claim.key,
            idempotency_keys.c.created_at > func.now() - KEPT,
        )
    ).one_or_none()
    if row is None:
        return None
    if row.fingerprint != claim.fingerprint:
        raise KeyReused
    return Response(row.body, status=row.status, headers={**row.headers, "Idempotent-Replayed": "true"})


def remember(session: Session, claim: Claim, response: Response) -> None:
    """Keep the answer with the transaction; one older than 24 hours gives way."""
    values: dict[str, Any] = {
        "fingerprint": claim.fingerprint,
        "status": response.status_code,
        "headers": {name: response.headers[name] for name in _KEPT_HEADERS if name in response.headers},
        "body": response.get_data(),
        "created_at": func.now(),
    }
    statement = insert(idempotency_keys).values(principal=claim.principal, key=claim.key, **values)
    session.execute(statement.on_conflict_do_update(index_elements=["principal", "key"], set_=values))
