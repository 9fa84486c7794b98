"""The base of membership's tables."""

from sqlalchemy import MetaData

from shared import database


class Base(database.Base):
    """Membership's own tables."""

    __abstract__ = True
    metadata = MetaData(naming_convention=database.NAMING)
