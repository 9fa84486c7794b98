"""Alembic's way in to the comms database."""

from services.comms.model import Base
from shared.migrations import run
from shared.tables import plumbing

run([Base.metadata, plumbing])
