"""Alembic's way in to the funding database."""

from services.funding.model import Base
from shared.migrations import run
from shared.tables import plumbing

run([Base.metadata, plumbing])
