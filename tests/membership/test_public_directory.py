"""The public directory: what members agreed to show, and nothing else."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy.orm import Session

from services.membership import operations
from services.membership.model import ConsentInFuture, DirectoryConsent, Member, NotListed
from shared.messaging.outbox import published
from tests.conftest import Servers
from tests.membership.making import NOW, TODAY, a_member
from tests.system import System, system

AT_ONCE = 32
PUBLIC = "/v1/public/members"


def agree(session: Session, member: Member, *shows: str, **more: object) -> DirectoryConsent:
    found, before = operations.consent_to_change(session, member_id=member.id)
    given = {"shows": list(shows), "agreed_by": "the manager", "actor": "ana", "now": NOW}
    return operations.give_consent(session, found, before, **given | more)


def public(session: Session, **filters: str) -> list[UUID]:
    return [one.id for one in session.scalars(operations.public_members(**filters))]


def test_a_member_that_agreed_to_nothing_is_not_public(session: Session) -> None:
    member = a_member(session)
    assert public(session) == []
    agree(session, member, "listing")
    assert public(session) == [member.id]
    agree(session, member)
    assert public(session) == []
    lines = session.scalars(operations.consents(member_id=member.id).order_by(DirectoryConsent.number)).all()
    assert [(one.number, one.shows, one.agreed_by, one.recorded_by) for one in lines] == [
        (1, ["listing"], "the manager", "ana"),
        (2, [], "the manager", "ana"),
    ]


def test_each_change_of_what_is_shown_is_told_once_without_what_it_holds(session: Session) -> None:
    member = a_member(session)
    before = len(published(session))
    agree(session, member, "profile", "listing")
    agree(session, member, "listing", "profile", reference="asked again")
    agree(session, member)
    told = [one for one in published(session)[before:] if type(one).__name__ == "MemberConsentChanged"]
    assert [one.shows for one in told] == [("listing", "profile"), ()]
    assert {one.member_id for one in told} == {member.id}


def test_nobody_shows_more_without_being_listed_or_agrees_tomorrow(session: Session) -> None:
    member = a_member(session)
    with pytest.raises(NotListed):
        agree(session, member, "contact")
    with pytest.raises(ConsentInFuture):
        agree(session, member, "listing", agreed_on=TODAY + timedelta(days=1))


def test_who_is_suspended_is_not_public_until_it_is_reinstated(session: Session) -> None:
    member = a_member(session, admitted_on=TODAY - timedelta(days=9))
    agree(session, member, "listing")
    yesterday = TODAY - timedelta(days=1)
    words = {"reason": "Board", "actor": "eva", "now": NOW}
    operations.change_standing(session, member, standing="suspended", effective_on=yesterday, **words)
    assert public(session) == []
    operations.change_standing(session, member, standing="current", **words)
    assert public(session) == [member.id]


def test_a_member_is_found_only_by_what_it_shows(session: Session) -> None:
    member = a_member(session, name="Cooperativa Ñandú", trade_names=["Avestruz"], sectors=["dairy"])
    agree(session, member, "listing")
    assert public(session, name="ñandu", country="AR") == [member.id]
    assert public(session, sector="dairy") == []
    assert public(session, name="avestruz") == []
    assert public(session, name="%") == []
    agree(session, member, "listing", "profile")
    assert public(session, sector="dairy") == [member.id]


@pytest.fixture(scope="module")
def running(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with system(servers, tmp_path_factory.mktemp("public")) as running:
        running.start("membership")
        yield running


@pytest.fixture
def api(running: System) -> Iterator[httpx.Client]:
    with running.api("membership") as api:
        yield api


@pytest.fixture
def anybody(running: System) -> Iterator[httpx.Client]:
    with running.api("membership") as api:
        del api.headers["Authorization"]
        yield api


def admitted(api: httpx.Client, country: str) -> str:
    organization = {"name": f"Cooperativa {uuid4().hex}", "country": country, "sectors": ["dairy"], "locality": "Melo"}
    known = api.post("/v1/organizations", json=organization).raise_for_status().json()["id"]
    contacts = ({"role": "office", "name": "Ana", "email": "o@u.example"}, {"role": "dues", "email": "d@u.example"})
    for contact in contacts:
        api.post(f"/v1/organizations/{known}/contacts", json=contact).raise_for_status()
    prospect = api.post("/v1/prospects", json={"organization_id": known, "source": "letter"}).json()["id"]
    api.post(f"/v1/prospects/{prospect}/admit", json={"category": "full", "reason": "Board"}).raise_for_status()
    [member] = api.get("/v1/members", params={"organization_id": known}).json()["items"]
    return f"/v1/members/{member['id']}/directory-consents"


def consent(*shows: str) -> dict[str, object]:
    return {"shows": list(shows), "agreed_by": "the manager", "reference": "letter"}


def test_anybody_reads_what_was_agreed_and_no_more(api: httpx.Client, anybody: httpx.Client) -> None:
    at = admitted(api, "UY")
    assert anybody.get(PUBLIC, params={"country": "UY"}).json()["items"] == []
    first = api.post(at, json=consent("listing", "contact"))
    assert (first.status_code, first.headers["ETag"]) == (201, '"1"')
    [item] = anybody.get(PUBLIC, params={"country": "UY"}).json()["items"]
    assert (item["profile"], item["address"]) == (None, None)
    assert item["contact"] == {"emails": ["o@u.example"], "phones": []}
    api.post(at, json=consent("listing", "profile", "address")).raise_for_status()
    [item] = anybody.get(PUBLIC, params={"country": "UY"}).json()["items"]
    assert (item["profile"]["sectors"], item["address"]["locality"], item["contact"]) == (["dairy"], "Melo", None)
    history = api.get(at).json()["items"]
    assert [(one["version"], one["agreed_by"]) for one in history] == [(2, "the manager"), (1, "the manager")]


def test_the_public_directory_is_kept_until_it_changes(api: httpx.Client, anybody: httpx.Client) -> None:
    api.post(admitted(api, "PE"), json=consent("listing")).raise_for_status()
    first = anybody.get(PUBLIC, params={"country": "PE"})
    assert first.headers["Cache-Control"] == "public, max-age=300"
    asked = {"params": {"country": "PE"}, "headers": {"If-None-Match": first.headers["ETag"]}}
    again = anybody.get(PUBLIC, **asked)
    assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", first.headers["ETag"])
    api.post(admitted(api, "PE"), json=consent("listing")).raise_for_status()
    assert anybody.get(PUBLIC, **asked).status_code == 200


def test_the_public_directory_comes_in_pages(api: httpx.Client, anybody: httpx.Client) -> None:
    for _ in range(3):
        api.post(admitted(api, "CR"), json=consent("listing")).raise_for_status()
    page = anybody.get(PUBLIC, params={"country": "CR", "limit": 2})
    following = anybody.get(page.links["next"]["url"]).json()
    names = [one["name"] for one in page.json()["items"] + following["items"]]
    assert (len(names), names, following["next_cursor"]) == (3, sorted(names), None)


def test_what_may_not_be_agreed_is_refused_in_words(api: httpx.Client) -> None:
    at = admitted(api, "BR")
    refusal = api.post(at, json=consent("contact"), headers={"Accept-Language": "pt"})
    assert (refusal.status_code, refusal.json()["errors"][0]["pointer"]) == (422, "#/shows")
    assert "acrescente listing" in refusal.json()["detail"]
    assert api.post(at, json=consent("photo")).status_code == 400
    assert api.get(f"/v1/members/{uuid4()}/directory-consents").status_code == 404


def test_of_many_who_change_the_same_consent_one_wins(api: httpx.Client) -> None:
    at = admitted(api, "DO")
    api.post(at, json=consent("listing")).raise_for_status()

    def change(_: int) -> int:
        return api.post(at, json=consent(), headers={"If-Match": '"1"'}).status_code

    with ThreadPoolExecutor(AT_ONCE) as pool:
        statuses = sorted(pool.map(change, range(AT_ONCE)))
    assert statuses == [201] + [412] * (AT_ONCE - 1)
