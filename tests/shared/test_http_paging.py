"""Lists in pages: everything once, in order, while rows come and go."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from sqlalchemy import Engine, text

from tests.notes_server import NotesServer

RANKS = [5, None, 3, 3, 9, None, 1, 3, 7, 5]


@pytest.fixture(scope="module", autouse=True)
def ten_notes(notes: NotesServer) -> None:
    with notes.client() as client:
        for number, rank in enumerate(RANKS):
            client.post("/v1/notes", json={"title": f"note {number}", "rank": rank}).raise_for_status()


def pages(client: httpx.Client, query: str) -> Iterator[list[dict[str, Any]]]:
    """Each page in turn, by the Link header."""
    address: str | None = f"/v1/notes?{query}"
    while address:
        answer = client.get(address).raise_for_status()
        yield answer.json()["items"]
        link = answer.headers.get("Link")
        assert (link is None) == (answer.json()["next_cursor"] is None)
        address = link.partition(">")[0].removeprefix("<") if link else None


def everything(client: httpx.Client, query: str) -> list[dict[str, Any]]:
    return [note for page in pages(client, query) for note in page]


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 10, 50])
@pytest.mark.parametrize("sort", ["rank", "-rank", "title", "-title", "made_at", "-made_at"])
def test_every_order_and_size_gives_everything_once(client: httpx.Client, sort: str, limit: int) -> None:
    found = everything(client, f"sort={sort}&limit={limit}")
    assert sorted(note["title"] for note in found) == [f"note {number}" for number in range(10)]
    name, descending = sort.removeprefix("-"), sort.startswith("-")
    values = [note[name] for note in found if note[name] is not None]
    assert values == sorted(values, reverse=descending)
    assert [note[name] for note in found][len(values) :] == [None] * (10 - len(values))


def test_the_newest_come_first_unless_asked_otherwise(client: httpx.Client) -> None:
    assert [note["title"] for note in everything(client, "limit=4")] == [f"note {n}" for n in reversed(range(10))]


def test_pages_keep_the_filter(client: httpx.Client) -> None:
    found = everything(client, "ranks=3&ranks=5&limit=2&sort=rank")
    assert [note["rank"] for note in found] == [3, 3, 3, 5, 5]


def test_a_row_that_comes_in_before_the_cursor_moves_nothing(client: httpx.Client, notes_engine: Engine) -> None:
    walk = pages(client, "sort=title&limit=4")
    seen = next(walk)
    client.post("/v1/notes", json={"title": "aaa comes first"})
    rest = [note for page in walk for note in page]
    with notes_engine.begin() as connection:
        connection.execute(text("DELETE FROM notes WHERE title = 'aaa comes first'"))
    assert [note["title"] for note in seen + rest] == [f"note {number}" for number in range(10)]


def test_a_row_that_goes_away_takes_no_other_along(client: httpx.Client) -> None:
    extra = client.post("/v1/notes", json={"title": "note 3 and a half"}).headers["Location"]
    walk = pages(client, "sort=title&limit=5")
    seen = next(walk)
    assert seen[-1]["title"] == "note 3 and a half"
    client.delete(extra)
    rest = [note["title"] for page in walk for note in page]
    assert rest == [f"note {number}" for number in range(4, 10)]


def test_the_last_page_has_no_next(client: httpx.Client) -> None:
    answer = client.get("/v1/notes?limit=10").json()
    assert (len(answer["items"]), answer["next_cursor"]) == (10, None)


def cursor_of(client: httpx.Client, query: str) -> str:
    return str(client.get(f"/v1/notes?{query}").json()["next_cursor"])


def test_a_cursor_that_is_not_ours_is_400(client: httpx.Client) -> None:
    good = cursor_of(client, "limit=1")
    for bad in ("", "x", "x.y", good[:-2], good + "x", "A" + good, "%00", "é"):
        answer = client.get("/v1/notes", params={"limit": 1, "cursor": bad})
        assert (answer.status_code, answer.json()["errors"][0]["parameter"]) == (400, "cursor")


def test_a_cursor_of_another_order_is_400(client: httpx.Client) -> None:
    cursor = cursor_of(client, "limit=1&sort=title")
    assert client.get("/v1/notes", params={"cursor": cursor, "sort": "-title"}).status_code == 400


@pytest.mark.parametrize("limit", ["0", "201", "-1", "x", "1.5", "", "²", "99999999999"])
def test_a_limit_out_of_range_is_400(client: httpx.Client, limit: str) -> None:
    assert client.get("/v1/notes", params={"limit": limit}).status_code == 400
