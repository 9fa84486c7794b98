"""Search by name among thousands: each way of answering finds the same, and the cheaper one is taken."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from services.membership import operations
from services.membership.model import Organization
from services.membership.operations import searching
from shared.database import transaction
from shared.http.paging import page, read_page_request
from tests.filling import fill_tables

ROWS = 2000

FILL = f"""
INSERT INTO organizations (id, version, name, country, subdivision, locality, address, postal_code, website, sectors,
    structure, language, created_at, updated_at, folded_name, folded_subdivision)
SELECT gen_random_uuid(), 1, name, (ARRAY['AR', 'BR', 'UY'])[n % 3 + 1], '', '', '', '', '', '{{}}', '', 'es', now(),
    now(), name, ''
FROM generate_series(1, {ROWS}) AS n,
    LATERAL (SELECT concat_ws(' ', 'cooperativa', CASE WHEN n <= 1600 THEN 'agraria' ELSE 'vivienda' END, n,
        CASE WHEN n % 4 = 0 THEN 'union' END, CASE WHEN n = 1700 THEN 'singular' END)) AS named (name);
"""
"""Words of every name, of every fourth, of the last ones in the list, of one, and of none."""


@pytest.fixture
def thousands(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Iterator[Session]:
    """What is few and many for a hundred thousand, made smaller."""
    for name, value in {"FEW": 50, "MANY": 1000, "END": 100, "SPREAD": 10}.items():
        monkeypatch.setattr(searching, name, value)
    # What was just written waits beside the index of words until it is vacuumed, and the planner knows.
    fill_tables(engine, FILL, "VACUUM ANALYZE organizations")
    with transaction(engine) as session:
        yield session


@pytest.mark.parametrize(("few", "many"), [(ROWS, ROWS), (0, ROWS), (0, 0)], ids=["index", "asking", "order"])
@pytest.mark.parametrize("sort", ["name", "-name"])
def test_every_way_finds_the_same_page_by_page(
    thousands: Session, monkeypatch: pytest.MonkeyPatch, few: int, many: int, sort: str
) -> None:
    every = sorted(thousands.scalars(operations.organizations(thousands)), key=_place, reverse=sort == "-name")
    monkeypatch.setattr(searching, "FEW", few)
    monkeypatch.setattr(searching, "MANY", many)
    for words in ("coop", "vivienda", "uni coop", "singular", "nobody", ""):
        wanted = [one.id for one in every if words and all(f" {word}" in f" {one.name}" for word in words.split())]
        assert _found(thousands, sort, name=words) == wanted
    wanted = [one.id for one in every if "vivienda" in one.name and one.country == "UY"]
    assert _found(thousands, sort, name="vivienda", country="UY") == wanted


@pytest.mark.parametrize("words", ["singular", "vivienda", "coop vivienda", "nobody"])
def test_what_stands_late_is_read_from_the_index_of_words_however_short_the_page(
    thousands: Session, words: str
) -> None:
    listed = operations.organizations(thousands, name=words).order_by(Organization.folded_name, Organization.id)
    before = _scans(thousands)
    thousands.scalars(listed.limit(1)).all()
    assert _scans(thousands) > before


@pytest.mark.parametrize("words", ["coop", "union", "coop uni"])
def test_what_stands_everywhere_is_met_in_order(thousands: Session, words: str) -> None:
    before = _scans(thousands)
    listed = operations.organizations(thousands, name=words).order_by(Organization.folded_name, Organization.id)
    thousands.scalars(listed.limit(51)).all()
    assert _scans(thousands) == before


def _place(one: Organization) -> tuple[str, str]:
    return one.folded_name, str(one.id)


def _found(session: Session, sort: str, **filters: str) -> list[object]:
    listed = operations.organizations(session, **filters)  # type: ignore[arg-type] # those that are text
    found, query = [], {"sort": sort, "limit": "200"}
    while True:
        request = read_page_request(query, {"name": Organization.folded_name}, secret="-", route="-")
        shown = page(session, listed, request)
        found += [one.id for one in shown.items]
        if shown.next_cursor is None:
            return found
        query["cursor"] = shown.next_cursor


def _scans(session: Session) -> int:
    """How often the index of words was read in this transaction."""
    return session.scalars(text("SELECT pg_stat_get_xact_numscans('ix_organizations_search'::regclass)")).one()
