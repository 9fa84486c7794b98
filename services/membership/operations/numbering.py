"""Numbers without gaps."""

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.membership.model import NumberSeries


def take_numbers(session: Session, *, series: str, year: int, count: int = 1) -> int:
    """The first of the next `count` numbers of a series and year.

    Others wait until this transaction ends, and get the same numbers if it rolls back; so take them late.
    """
    first = insert(NumberSeries).values(series=series, year=year, last=count)
    taken = first.on_conflict_do_update(
        index_elements=[NumberSeries.series, NumberSeries.year], set_={"last": NumberSeries.last + count}
    )
    last: int | None = session.scalar(taken.returning(NumberSeries.last))
    assert last is not None
    return last - count + 1
