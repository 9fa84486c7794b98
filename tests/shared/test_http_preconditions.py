"""Nobody overwrites what they have not seen."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from uuid import uuid4

import httpx
import pytest

from tests.notes_server import NotesServer


@pytest.fixture
def address(client: httpx.Client) -> str:
    return client.post("/v1/notes", json={"title": "versioned"}).headers["Location"]


def rename(client: httpx.Client, address: str, title: str, seen: str | None) -> httpx.Response:
    headers = {} if seen is None else {"If-Match": seen}
    return client.patch(address, json={"title": title}, headers=headers)


def test_a_change_of_what_was_seen_counts_the_version_up(client: httpx.Client, address: str) -> None:
    answer = rename(client, address, "second", '"1"')
    assert (answer.status_code, answer.headers["ETag"], answer.json()["version"]) == (200, '"2"', 2)


def test_a_change_of_what_was_not_seen_is_412(client: httpx.Client, address: str) -> None:
    rename(client, address, "second", '"1"')
    answer = rename(client, address, "third", '"1"')
    assert (answer.status_code, answer.json()["type"]) == (412, "/problems/precondition-failed")
    assert client.get(address).json()["title"] == "second"


@pytest.mark.parametrize("seen", ["*", '"9", "1"', '"1" ,"9"'])
def test_any_or_one_of_several_versions_will_do(client: httpx.Client, address: str, seen: str) -> None:
    assert rename(client, address, "second", seen).status_code == 200


def test_a_weak_tag_never_matches_a_write(client: httpx.Client, address: str) -> None:
    assert rename(client, address, "second", 'W/"1"').status_code == 412


def test_without_if_match_428_says_so(client: httpx.Client, address: str) -> None:
    answer = rename(client, address, "second", None)
    assert (answer.status_code, answer.json()["type"]) == (428, "/problems/precondition-required")


@pytest.mark.parametrize("seen", ["1", '"1', "", '"1";'])
def test_an_if_match_of_no_known_form_is_400(client: httpx.Client, address: str, seen: str) -> None:
    client.headers["Accept-Language"] = "es"
    answer = rename(client, address, "second", seen)
    assert (answer.status_code, answer.json()["type"]) == (400, "/problems/bad-if-match")
    assert answer.json()["detail"] == 'If-Match debe ser un ETag tal como se envió, con sus comillas: "3".'


def test_a_method_that_forgets_to_look_is_found_out(client: httpx.Client) -> None:
    answer = client.put(f"/v1/notes/{uuid4()}", json={"title": "x"}, headers={"If-Match": '"1"'})
    assert answer.status_code == 500


def test_of_16_who_saw_the_same_version_one_wins(notes: NotesServer, client: httpx.Client, address: str) -> None:
    together = Barrier(16)

    def change(number: int) -> int:
        with notes.client() as caller:
            caller.get("/health/live")
            together.wait()
            return rename(caller, address, f"by {number}", '"1"').status_code

    with ThreadPoolExecutor(16) as pool:
        statuses = sorted(pool.map(change, range(16)))
    assert statuses == [200] + [412] * 15
    assert client.get(address).json()["version"] == 2


@pytest.mark.parametrize("seen", ['"1"', 'W/"1"', '"7", "1"', "*"])
def test_who_has_the_present_version_gets_304(client: httpx.Client, address: str, seen: str) -> None:
    answer = client.get(address, headers={"If-None-Match": seen})
    assert (answer.status_code, answer.content, answer.headers["ETag"]) == (304, b"", '"1"')


def test_who_has_an_old_version_gets_the_new_one(client: httpx.Client, address: str) -> None:
    rename(client, address, "second", '"1"')
    answer = client.get(address, headers={"If-None-Match": '"1"'})
    assert (answer.status_code, answer.json()["title"]) == (200, "second")
