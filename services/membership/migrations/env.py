"""Alembic's way in to the membership database."""

from services.membership.model import Base
from shared.migrations import run
from shared.tables import plumbing

run([Base.metadata, plumbing])
