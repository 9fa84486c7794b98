"""What has been said of a member's standing, and what has still to be said."""

from collections.abc import Iterator, Sequence
from datetime import date

from services.membership.standing import Change, Course
from shared.contracts.membership import Standing


def unannounced(
    announced: Sequence[tuple[date, Standing]], course: Course, *, through: date
) -> Iterator[tuple[Standing, Change]]:
    """What has still to be said so that the announcements tell the course through a day: what was said, what holds.

    `announced` are days and standings in the order they were said; each replaces what was said before of its day and
    the days after it. Nothing is yielded when they agree, so saying it twice says nothing.
    """
    said: list[tuple[date, Standing]] = []
    for day, standing in announced:
        said = [*(each for each in said if each[0] < day), (day, standing)]
    days = {day for day, _ in said} | {change.on for change in course.changes()}
    for day in sorted(each for each in days if each <= through):
        state, was = course.state(day), _at(said, day)
        if was and state.standing and was != state.standing:
            yield was, Change(day, state)
            said = [*(each for each in said if each[0] < day), (day, state.standing)]


def _at(said: Sequence[tuple[date, Standing]], on: date) -> Standing | None:
    return next((standing for day, standing in reversed(said) if day <= on), None)
