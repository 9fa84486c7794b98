"""Alembic's way in to the events database."""

from services.events.model import Base
from shared.migrations import run
from shared.tables import plumbing

run([Base.metadata, plumbing])
