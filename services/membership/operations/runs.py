"""Imports that ran, and what was said about their rows."""

from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from services.membership.model import Finding, ImportRun, UnknownImport
from services.membership.model.imports import Kind


def import_run(session: Session, *, import_id: UUID) -> ImportRun:
    found = session.get(ImportRun, import_id)
    if not found:
        raise UnknownImport(import_id=import_id)
    return found


def import_runs(*, registry: str | None = None) -> Select[ImportRun]:
    query = select(ImportRun)
    return query if registry is None else query.where(ImportRun.register == registry)


def findings(session: Session, *, import_id: UUID, kind: Kind | None = None) -> Select[Finding]:
    import_run(session, import_id=import_id)
    query = select(Finding).where(Finding.import_id == import_id)
    return query if kind is None else query.where(Finding.kind == kind)
