"""The events service's own database."""

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from services.events.model import Base
from shared.tables import plumbing


@pytest.fixture
def session(engine: Engine, session: Session) -> Session:
    Base.metadata.create_all(engine)
    plumbing.create_all(engine)
    return session
