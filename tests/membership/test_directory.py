"""Who is in the directory, and what stands there."""

from datetime import date, timedelta
from time import perf_counter

import pytest
import vobject
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from services.membership import operations
from services.membership.directory import COLUMNS, Entry, cards, row
from services.membership.model import Member
from services.membership.operations.directory import Listing
from shared.database import transaction
from tests.filling import fill_tables
from tests.membership.making import NOW, TODAY, a_member, an_organization
from tests.membership.test_standing_large import MEMBERS, fill


def entries(session: Session, found: Listing) -> list[Entry]:
    return [entry for ids in found.portions() for entry in operations.entries(session, found, ids)]


def names(session: Session, **filters: object) -> list[str]:
    return [one.organization.name for one in entries(session, operations.listing(session, **filters, now=NOW))]


def reachable(session: Session, member: Member) -> Member:
    contacts = (
        {"role": "office", "email": "oficina@union.example", "phone": "+54 358 462-1234"},
        {"role": "presidency", "name": "Ana Pérez", "email": "ana@union.example", "language": "pt"},
        {"role": "presidency", "name": "Luis Gil", "phone": "0358 462"},
    )
    for contact in contacts:
        operations.add_contact(session, organization_id=member.organization_id, **contact, now=NOW)
    session.expire(member.organization)
    return member


def test_the_directory_lists_by_name_what_the_filters_leave(session: Session) -> None:
    a_member(session, name="Única", country="UY")
    a_member(session, name="Ábaco", country="AR", sectors=["dairy"])
    an_organization(session, name="Nunca")
    assert names(session) == ["Ábaco", "Única"]
    assert names(session, country="UY") == names(session, sector="agriculture") == ["Única"]
    assert names(session, standing="suspended") == []
    assert names(session, name="aba") == ["Ábaco"]


def test_of_a_day_only_who_was_a_member_then_is_listed_with_the_standing_of_that_day(session: Session) -> None:
    old = a_member(session, name="Vieja", admitted_on=TODAY - timedelta(days=100))
    a_member(session, name="Nueva", admitted_on=TODAY)
    operations.change_standing(session, old, standing="suspended", reason="board", actor="eva", now=NOW)
    before = operations.listing(session, on=TODAY - timedelta(days=1), now=NOW)
    assert [(one.standing, one.standing_on) for one in entries(session, before)] == [
        ("current", TODAY - timedelta(days=1))
    ]
    assert names(session, on=TODAY, standing="suspended") == ["Vieja"]
    assert names(session, on=TODAY - timedelta(days=1), standing="suspended") == []


def test_a_row_has_a_value_for_each_column_and_no_contact_is_left_out(session: Session) -> None:
    member = reachable(session, a_member(session, acronym="UNI", founded_on=date(1844, 12, 21), languages=["es", "gn"]))
    [entry] = entries(session, operations.listing(session, now=NOW))
    values = dict(zip([column.name for column in COLUMNS], row(entry), strict=True))
    assert values["organization_id"] == str(member.organization_id)
    assert (values["acronym"], values["founded_on"], values["languages"]) == ("UNI", date(1844, 12, 21), "es; gn")
    assert values["presidency_name"] == "Ana Pérez; Luis Gil"
    assert values["presidency_email"] == "ana@union.example; "
    assert values["presidency_phone"] == "; 0358 462"
    assert (values["office_name"], values["office_phone"]) == ("", "+54 358 462-1234")
    assert values["delegate_email"] == ""


def test_an_organization_and_who_acts_for_it_have_cards_that_point_at_each_other(session: Session) -> None:
    reachable(session, a_member(session, website="https://union.example/a;b", acronym="UNI"))
    [entry] = entries(session, operations.listing(session, now=NOW))
    union, ana, luis = vobject.readComponents(b"".join(cards(entry, "es")).decode())
    assert (union.kind.value, union.fn.value, union.org.value) == ("org", entry.organization.name, [union.fn.value])
    assert (union.adr.value.city, union.adr.value.country) == ("Río Cuarto", "Argentina")
    assert (union.email.value, union.tel.value) == ("oficina@union.example", "tel:+543584621234")
    assert (union.url.value, union.lang.value, union.nickname.value) == ("https://union.example/a;b", "es", "UNI")
    assert union.categories.value == ["Miembro pleno", "Agricultura"]
    assert union.rev.value == "20260504T120000Z"
    assert [one.value for one in union.related_list] == [ana.uid.value, luis.uid.value]
    assert (ana.kind.value, ana.fn.value, ana.role.value, ana.lang.value) == (
        "individual",
        "Ana Pérez",
        "Presidencia",
        "pt",
    )
    assert ana.related.value == union.uid.value


def test_a_card_is_dated_by_the_last_change_of_a_contact_too(session: Session) -> None:
    member, later = a_member(session), NOW + timedelta(days=3)
    operations.add_contact(session, organization_id=member.organization_id, role="dues", email="d@u.example", now=later)
    [entry] = entries(session, operations.listing(session, now=later))
    assert entry.changed_at == later


def test_an_organization_that_came_back_has_one_card_by_its_last_membership(session: Session) -> None:
    first = a_member(session, admitted_on=TODAY - timedelta(days=50))
    operations.change_standing(session, first, standing="resigned", reason="letter", actor="eva", now=NOW)
    again = operations.open_prospect(
        session, organization_id=first.organization_id, source="letter", actor="ana", now=NOW
    )
    second = operations.admit_prospect(session, again, category="full", reason="Board", actor="ana", now=NOW)
    assert set(operations.listing(session, now=NOW).ids) == {first.id, second.id}
    assert operations.listing(session, one_per_organization=True, now=NOW).ids == [second.id]


@pytest.mark.parametrize("members", [250, pytest.param(MEMBERS, marks=pytest.mark.long)])
def test_so_many_members_are_read_in_portions(engine: Engine, members: int) -> None:
    fill_tables(engine, fill(members), "ANALYZE")
    began = perf_counter()
    with transaction(engine) as session:
        found = operations.listing(session, now=NOW)
    seen = []
    for ids in found.portions():
        with transaction(engine) as session:
            seen += [one.member.id for one in operations.entries(session, found, ids)]
    print({"seconds": perf_counter() - began})  # noqa: T201 -- shown by pytest -s
    assert seen == list(found.ids)
    assert len(set(seen)) == members
