"""How lists are searched by name.

Lists go by name. Words that stand in many names, everywhere, are met soon when names are read in their order. Of all
others, also of frequent ones whose names begin alike and so may all stand late, reading the index of words and sorting
what it finds is cheaper by far. The planner takes names to be spread evenly and is wrong by a factor of ten, so it is
left no choice.
"""

from typing import Any

from sqlalchemy import ColumnElement, and_, func, select, text
from sqlalchemy.orm import Session

from services.membership.model import Organization
from services.membership.names import fold

FEW = 2_500
"""So many found by the index of words are sorted in 10 ms, which is not worth a question."""

MANY = 20_000
"""Sorting so many takes 50 ms."""

END = 1_000
"""So many names at either end of the list tell whether words stand everywhere."""

SPREAD = 25
"""In so many of them, and a page is met within a few thousand names."""

_ALWAYS = func.char_length(Organization.country) == len("UY")
"""True of every row. What a subquery gives the planner can't count, and of what a function gives it expects little; so
of both together it expects a handful, for which it reads the index of words."""

_expected = text("EXPLAIN (FORMAT JSON) SELECT FROM organizations WHERE search @@ to_tsquery('simple', :beginnings)")


def name_begins(session: Session, words: str) -> ColumnElement[bool]:
    """Every word of `words` begins a word of the name, accents and case aside; no word at all finds nothing."""
    beginnings = " & ".join(f"{word}:*" for word in fold(words).split())
    query, expected = func.to_tsquery("simple", beginnings), _expect(session, beginnings)
    if expected > MANY or (expected > FEW and _is_spread(session, query)):
        return func.coalesce(_has(Organization.search, query), False)  # which no index can answer
    return and_(_has(Organization.search, select(query).scalar_subquery()), _ALWAYS)


def name_has(words: str) -> ColumnElement[bool]:
    """Every word of `words` is a word of the name, accents and case aside."""
    return _has(Organization.search, func.to_tsquery("simple", " & ".join(fold(words).split())))


def _has(search: Any, query: ColumnElement[Any]) -> ColumnElement[bool]:
    return search.bool_op("@@")(query)  # type: ignore[no-any-return] # columns of subqueries have no type


def _expect(session: Session, beginnings: str) -> int:
    """How many the planner expects, by the words it has met most; nothing is read to know it."""
    plan = session.execute(_expected, {"beginnings": beginnings}).scalar_one()
    return int(plan[0]["Plan"]["Plan Rows"])


def _is_spread(session: Session, query: ColumnElement[Any]) -> bool:
    order = (Organization.folded_name, Organization.id)
    ends = (_count_among(query, *order), _count_among(query, *(column.desc() for column in order)))
    return (session.scalar(select(func.least(*ends))) or 0) >= SPREAD


def _count_among(query: ColumnElement[Any], *order: Any) -> ColumnElement[int]:
    """In how many of the first names of an order the words stand."""
    names = select(Organization.search).order_by(*order).limit(END).subquery()
    return select(func.count()).where(_has(names.c.search, query)).scalar_subquery()
