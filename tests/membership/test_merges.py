"""Two organizations become one, and two again: what moves, what is told, what is refused, what an import does later."""

from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from services.membership import operations
from services.membership.importing import import_register
from services.membership.model import (
    AffiliatedWithEachOther,
    AlreadyMerged,
    AlreadyUnmerged,
    ChoiceOfOne,
    DecidedDifferent,
    Merge,
    MergedWithItself,
    OpenProspectInTheWay,
    Organization,
    OrganizationChange,
    OrganizationMergedAway,
    ReviewItem,
    SurvivorMerged,
    TwoMemberships,
    UnknownOrganization,
    WrongReviewItem,
)
from services.membership.operations.merge_following import Lineage
from shared.contracts.membership import ContactChanged, MemberUpdated, OrganizationMerged, OrganizationUnmerged
from shared.messaging.outbox import published
from tests.membership.files import a_profile, a_register
from tests.membership.making import NOW, a_member, a_prospect, an_organization
from tests.membership.test_import import FULL, FULL_HEADER, counts

CUIT = {"scheme": "AR-CUIT", "value": "30-50012088-2"}


def merged(session: Session, survivor: Organization, loser: Organization, **options: Any) -> Merge:
    facts: dict[str, Any] = {"reason": "same CUIT", "actor": "ana", "now": NOW}
    return operations.merge_organizations(session, survivor_id=survivor.id, loser_id=loser.id, **facts | options)


def undone(session: Session, merge: Merge) -> Merge:
    return operations.undo_merge(session, merge, reason="two villages", actor="eva", now=NOW + timedelta(days=1))


def test_the_survivor_has_what_it_lacked_and_the_rules_say_why(session: Session) -> None:
    survivor = an_organization(session, website="https://union.example", sectors=["agriculture"])
    loser = an_organization(
        session, name="La Unión", acronym="COOPUNION", website="https://x.example", sectors=["dairy"]
    )
    merge = merged(session, survivor, loser)
    assert (survivor.name, survivor.acronym, survivor.website) == (
        "Cooperativa La Unión Ltda.",
        "COOPUNION",
        "https://union.example",
    )
    assert survivor.sectors == ["agriculture", "dairy"]
    assert merge.choices["acronym"] == {"side": "loser", "rule": "survivor_lacks"}
    assert merge.choices["website"] == {"side": "survivor", "rule": "survivor_has"}
    assert merge.choices["sectors"] == {"side": "both", "rule": "joined"}
    found = session.scalars(operations.organizations(session, name="coopunion")).all()
    assert found == [survivor]


def test_each_field_may_be_chosen(session: Session) -> None:
    survivor, loser = an_organization(session), an_organization(session, name="Coop. Unida", sectors=["dairy"])
    merge = merged(session, survivor, loser, choices={"name": "loser", "sectors": "survivor"})
    assert (survivor.name, survivor.sectors) == ("Coop. Unida", ["agriculture"])
    assert merge.choices["name"] == {"side": "loser", "rule": "chosen"}
    with pytest.raises(ChoiceOfOne):
        merged(session, survivor, an_organization(session), choices={"name": "both"})


def test_what_a_register_knows_comes_before_what_was_typed(session: Session) -> None:
    survivor, loser = an_organization(session), an_organization(session, name="COOP LA UNION LTDA 12")
    loser.register, loser.register_key = "ar-inaes", "964"
    merged(session, survivor, loser)
    assert survivor.name == "COOP LA UNION LTDA 12"
    session.expire_all()
    assert [(one.register, one.register_key) for one in survivor.registrations] == [("ar-inaes", "964")]
    assert session.scalars(operations.organizations(session, registry="ar-inaes")).all() == [survivor]


def test_everything_that_pointed_at_the_loser_follows_and_is_told(session: Session) -> None:
    survivor, member = an_organization(session), a_member(session, name="Coop. Unida", identifiers=[CUIT])
    loser = member.organization
    federation = an_organization(session, name="Federación")
    contact = operations.add_contact(session, organization_id=loser.id, role="dues", email="d@u.invalid", now=NOW)
    own = operations.add_contact(session, organization_id=survivor.id, role="office", email="o@u.invalid", now=NOW)
    operations.add_affiliation(session, organization_id=loser.id, federation_id=federation.id, actor="ana", now=NOW)
    before = len(published(session))
    merge = merged(session, survivor, loser)
    assert (member.organization_id, contact.organization_id) == (survivor.id, survivor.id)
    assert [one.value for one in survivor.identifiers] == ["30500120882"]
    belonging = operations.organizations(session, federation_id=federation.id)
    assert [one.id for one in session.scalars(belonging)] == [survivor.id]
    told = published(session)[before:]
    assert told[0] == OrganizationMerged(
        organization_id=loser.id, survivor_id=survivor.id, merge_id=merge.id, name=survivor.name, country="AR"
    )
    assert [(one.member_id, one.organization_id) for one in told if isinstance(one, MemberUpdated)] == [
        (member.id, survivor.id)
    ]
    changed = [one for one in told if isinstance(one, ContactChanged)]
    assert {(one.contact_id, one.organization_id, one.removed) for one in changed} == {
        (contact.id, survivor.id, False),
        (own.id, survivor.id, False),
    }
    lines = session.scalars(select(OrganizationChange).where(OrganizationChange.kind == "merged")).all()
    assert {(one.organization_id, one.changed_by, one.reason) for one in lines} == {
        (survivor.id, "ana", "same CUIT"),
        (loser.id, "ana", "same CUIT"),
    }
    assert merge.snapshot["loser"]["name"] == "Coop. Unida"


def test_undoing_gives_everything_back_and_tells_it(session: Session) -> None:
    survivor, member = an_organization(session), a_member(session, name="Coop. Unida")
    loser = member.organization
    contact = operations.add_contact(session, organization_id=loser.id, role="dues", email="d@u.invalid", now=NOW)
    own = operations.add_contact(session, organization_id=survivor.id, role="office", email="o@u.invalid", now=NOW)
    merge = merged(session, survivor, loser)
    before = len(published(session))
    undone(session, merge)
    assert (member.organization_id, contact.organization_id, own.organization_id) == (loser.id, loser.id, survivor.id)
    assert operations.organization(session, organization_id=loser.id) is loser
    told = published(session)[before:]
    assert told[0] == OrganizationUnmerged(organization_id=loser.id, survivor_id=survivor.id, merge_id=merge.id)
    changed = {(one.contact_id, one.organization_id, one.removed) for one in told if isinstance(one, ContactChanged)}
    assert changed == {(contact.id, loser.id, False), (own.id, survivor.id, True)}
    with pytest.raises(AlreadyUnmerged):
        undone(session, merge)


def test_what_came_after_the_merge_stays_with_the_survivor(session: Session) -> None:
    survivor, loser = an_organization(session), an_organization(session, name="Unida", acronym="COOPUNION")
    moved = operations.add_contact(session, organization_id=loser.id, role="dues", email="d@u.invalid", now=NOW)
    merge = merged(session, survivor, loser)
    added = operations.add_contact(session, organization_id=survivor.id, role="office", email="n@u.invalid", now=NOW)
    operations.update_organization(session, survivor, acronym="COUNION", now=NOW)
    assert undone(session, merge).kept == {"fields": ["acronym"], "rows": {"contacts": 1}}
    assert (moved.organization_id, added.organization_id) == (loser.id, survivor.id)
    assert (survivor.acronym, loser.acronym) == ("COUNION", "COOPUNION")


def test_a_list_a_merge_replaced_comes_back_beside_what_a_later_merge_added(session: Session) -> None:
    survivor, first, second = (
        an_organization(session, name=name, languages=[spoken])
        for name, spoken in (("Uno", "es"), ("Dos", "gn"), ("Tres", "pt-BR"))
    )
    replacing = merged(session, survivor, first, choices={"languages": "loser"})
    joining = merged(session, survivor, second, now=NOW + timedelta(minutes=1))
    assert survivor.languages == ["gn", "pt-BR"]
    undone(session, replacing)
    assert survivor.languages == ["es", "pt-BR"]
    undone(session, joining)
    assert survivor.languages == ["es"]


def test_a_merge_between_two_that_took_the_same_value_is_not_taken_for_either(session: Session) -> None:
    survivor, *losers = (an_organization(session, name=name) for name in ("Uno", "Dos", "Tres", "Dos"))
    first, second, third = (
        merged(session, survivor, loser, choices={"name": "loser"}, now=NOW + timedelta(minutes=minute))
        for minute, loser in enumerate(losers)
    )
    assert undone(session, second).kept == {"fields": [], "rows": {}}
    assert survivor.name == "Dos"
    undone(session, third)
    assert survivor.name == "Dos"
    undone(session, first)
    assert survivor.name == "Uno"


def test_what_two_merges_brought_stays_until_both_are_undone(session: Session) -> None:
    survivor, *losers = (
        an_organization(session, name=name, languages=spoken)
        for name, spoken in (("Uno", ["es"]), ("Dos", ["gn"]), ("Tres", ["gn"]))
    )
    first, second = (
        merged(session, survivor, loser, now=NOW + timedelta(minutes=minute)) for minute, loser in enumerate(losers)
    )
    undone(session, first)
    assert survivor.languages == ["es", "gn"]
    undone(session, second)
    assert survivor.languages == ["es"]


def test_of_two_merges_into_one_the_one_that_waited_for_the_lock_comes_after(session: Session) -> None:
    survivor, first, second = (an_organization(session, name=f"Union {number}") for number in range(3))
    before = merged(session, survivor, first, now=NOW + timedelta(seconds=2))
    waited = merged(session, survivor, second, now=NOW)
    assert before.merged_at == NOW + timedelta(seconds=2)
    listed = session.scalars(select(Merge).order_by(Merge.merged_at))
    assert [one.id for one in listed] == [before.id, waited.id]


def test_a_survivor_is_gone_again_when_the_last_listed_row_is_parted_from_it(session: Session) -> None:
    survivor, *losers = (an_organization(session, name=name) for name in ("Uno", "Dos", "Tres"))
    survivor.gone_at = NOW
    first, second = (
        merged(session, survivor, loser, now=NOW + timedelta(minutes=minute)) for minute, loser in enumerate(losers)
    )
    undone(session, first)
    assert survivor.gone_at is None
    undone(session, second)
    assert survivor.gone_at == NOW


def test_what_a_register_says_of_one_part_is_undone_with_it_and_leaves_the_others_alone(session: Session) -> None:
    survivor, *losers = (
        an_organization(session, name=name, languages=[spoken])
        for name, spoken in (("Uno", "es"), ("Dos", "gn"), ("Tres", "pt-BR"))
    )
    first, _ = (
        merged(session, survivor, loser, now=NOW + timedelta(minutes=minute)) for minute, loser in enumerate(losers)
    )
    lineage = Lineage(session, [survivor.id])
    lineage.organizations = {one.id: one for one in (survivor, *losers)}
    lineage.describe(losers[0], {"languages": ["qu"]}, now=NOW + timedelta(hours=1))
    assert sorted(survivor.languages) == ["es", "pt-BR", "qu"]
    undone(session, first)
    assert (survivor.languages, losers[0].languages) == (["es", "pt-BR"], ["qu"])


def test_the_losers_id_leads_to_the_survivor_through_all_merges(session: Session) -> None:
    first, second, third = (an_organization(session, name=name) for name in ("Uno", "Dos", "Tres"))
    merge = merged(session, second, first)
    merged(session, third, second)
    for refused in (operations.organization, operations.organization_to_change):
        with pytest.raises(OrganizationMergedAway) as caught:
            refused(session, organization_id=first.id)
        assert caught.value.params["survivor_id"] == third.id
    assert [one.id for one in session.scalars(operations.organizations(session, country="AR"))] == [third.id]
    with pytest.raises(SurvivorMerged) as chained:
        undone(session, merge)
    assert chained.value.params["survivor_id"] == third.id


def test_what_can_not_be_merged_is_refused_with_the_way_out(session: Session) -> None:
    one, other = a_member(session), a_member(session, name="Coop. Unida")
    with pytest.raises(TwoMemberships):
        merged(session, one.organization, other.organization)
    operations.change_standing(session, other, standing="resigned", reason="letter", actor="a", now=NOW)
    merged(session, one.organization, other.organization)
    assert other.organization_id == one.organization_id
    with pytest.raises(OpenProspectInTheWay):
        merged(session, one.organization, a_prospect(session, name="Coop. Tercera").organization)
    with pytest.raises(MergedWithItself):
        merged(session, one.organization, one.organization)
    with pytest.raises(UnknownOrganization):
        operations.merge_organizations(
            session, survivor_id=one.organization_id, loser_id=uuid4(), reason="x", actor="a", now=NOW
        )


def test_a_federation_is_not_merged_with_its_member_or_twice(session: Session) -> None:
    one, federation = an_organization(session), an_organization(session, name="Federación")
    link = operations.add_affiliation(
        session, organization_id=one.id, federation_id=federation.id, actor="ana", now=NOW
    )
    with pytest.raises(AffiliatedWithEachOther):
        merged(session, federation, one)
    operations.remove_affiliation(session, link, actor="ana", now=NOW)
    merged(session, federation, one)
    for survivor, loser in ((federation, one), (one, federation)):
        with pytest.raises(AlreadyMerged):
            merged(session, survivor, loser)


def test_a_pair_in_review_is_decided_by_its_merge_and_other_pairs_follow(session: Session) -> None:
    one, two = an_organization(session, identifiers=[CUIT]), an_organization(session, identifiers=[CUIT])
    three = an_organization(session, name="Otra", locality="Azul", identifiers=[CUIT])
    items = {frozenset((item.first_id, item.second_id)): item for item in session.scalars(select(ReviewItem))}
    pair, other = items[frozenset((one.id, two.id))], items[frozenset((two.id, three.id))]
    with pytest.raises(WrongReviewItem):
        merged(session, one, three, review_item_id=pair.id)
    merge = merged(session, one, two, review_item_id=pair.id)
    assert (pair.decision, pair.decided_by, merge.review_item_id) == ("same", "ana", pair.id)
    waiting = session.scalars(operations.review_items(decided=False)).all()
    assert [{item.first_id, item.second_id} for item in waiting] == [{one.id, three.id}]
    undone(session, merge)
    session.expire_all()
    assert pair.decision is None
    assert {other.first_id, other.second_id} == {two.id, three.id}
    pair.decide("different", note="two villages", now=NOW, actor="eva")
    session.flush()
    with pytest.raises(DecidedDifferent):
        merged(session, one, two, review_item_id=pair.id)


def read_twice(engine: Engine, folder: Path, rows: list[tuple[str, ...]], **options: Any) -> dict[str, int]:
    file = a_register(folder, rows, header=FULL_HEADER)
    return counts(import_register(engine, file, a_profile(FULL), profile_name="t", actor="t", **options))


def by_key(session: Session, key: str) -> Organization:
    return session.scalars(select(Organization).where(Organization.register_key == key)).one()


def test_a_later_import_of_either_row_finds_the_survivor(engine: Engine, tmp_path: Path) -> None:
    rows = [
        ("1", "COOP LA UNION LTDA", "01/02/1990", "Tandil", "a@b.example", "30-50012088-2"),
        ("2", "Coop La Unión de Tandil", "01/02/1990", "Tandil", "c@b.example", ""),
    ]
    read_twice(engine, tmp_path, rows)
    with Session(engine) as session, session.begin():
        survivor, loser = by_key(session, "1"), by_key(session, "2")
        merge = merged(session, survivor, loser, choices={"name": "loser"})
        ids = survivor.id, loser.id, merge.id
    assert read_twice(engine, tmp_path, rows) == {"rows": 2, "unchanged": 2}
    newer = [
        ("1", "COOP LA UNION LIMITADA", "01/02/1990", "Tandil", "a2@b.example", "30-50012088-2"),
        ("2", "Coop La Unión de Tandil R.L.", "01/02/1990", "Tandil", "c2@b.example", "30-54571426-0"),
    ]
    assert read_twice(engine, tmp_path, newer) == {"rows": 2, "updated": 2}
    with Session(engine) as session, session.begin():
        survivor = operations.organization(session, organization_id=ids[0])
        assert survivor.name == "Coop La Unión de Tandil R.L."
        assert {one.email for one in survivor.contacts} == {"a2@b.example", "c2@b.example"}
        assert {one.value for one in survivor.identifiers} == {"30500120882", "30545714260"}
        assert len(session.scalars(operations.organizations(session)).all()) == 1
        undone(session, operations.merge_to_change(session, merge_id=ids[2]))
    with Session(engine) as session:
        survivor, loser = (operations.organization(session, organization_id=one) for one in ids[:2])
        assert (survivor.name, loser.name) == ("COOP LA UNION LIMITADA", "Coop La Unión de Tandil R.L.")
        assert [one.email for one in survivor.contacts] == ["a2@b.example"]
        assert [one.email for one in loser.contacts] == ["c2@b.example"]
        assert [one.value for one in survivor.identifiers] == ["30500120882"]
        assert [one.value for one in loser.identifiers] == ["30545714260"]


def test_an_organization_is_gone_when_the_last_of_its_rows_is(engine: Engine, tmp_path: Path) -> None:
    rows = [("1", "Uno", "", "Tandil", "", ""), ("2", "Dos", "", "Azul", "", ""), ("3", "Tres", "", "Azul", "", "")]
    read_twice(engine, tmp_path, rows)
    with Session(engine) as session, session.begin():
        merged(session, by_key(session, "1"), by_key(session, "2"))
    read_twice(engine, tmp_path, rows[1:], allow_gone=True)
    with Session(engine) as session:
        assert by_key(session, "1").gone_at is None
    read_twice(engine, tmp_path, rows[2:], allow_gone=True)
    read_twice(engine, tmp_path, rows[2:], allow_gone=True)
    with Session(engine) as session:
        assert by_key(session, "1").gone_at is not None
    read_twice(engine, tmp_path, rows[1:], allow_gone=True)
    with Session(engine) as session:
        assert by_key(session, "1").gone_at is None


def test_two_pairs_that_meet_while_merged_part_again_in_any_order(session: Session) -> None:
    """B-D and B-E are doubted; with D in E they would be one pair, and B goes into C and comes out meanwhile."""
    b, c, d, e = (an_organization(session, name=f"Cooperativa {letter}") for letter in ("Beta", "Cima", "Duna", "Eco"))
    doubted = [a_pair(session, b, d), a_pair(session, b, e)]
    before = [(item.first_id, item.second_id) for item in doubted]
    into_c, into_e = merged(session, c, b), merged(session, e, d)
    assert sorted((c.id, e.id)) in [[item.first_id, item.second_id] for item in doubted]
    undone(session, into_c)
    undone(session, into_e)
    assert [(item.first_id, item.second_id) for item in doubted] == before


def test_a_pair_that_waited_takes_its_place_when_the_other_leaves(session: Session) -> None:
    b, c, d = (an_organization(session, name=f"Cooperativa {letter}") for letter in ("Beta", "Cima", "Duna"))
    x = an_organization(session, name="Cooperativa Xilo")
    moved, waiting = a_pair(session, b, x), a_pair(session, d, x)
    first, second = merged(session, c, b), merged(session, c, d)
    assert [moved.first_id, moved.second_id] == sorted((c.id, x.id))
    assert [waiting.first_id, waiting.second_id] == sorted((d.id, x.id))
    undone(session, first)
    assert [waiting.first_id, waiting.second_id] == sorted((c.id, x.id))
    undone(session, second)
    assert [waiting.first_id, waiting.second_id] == sorted((d.id, x.id))


def a_pair(session: Session, one: Organization, other: Organization) -> ReviewItem:
    first, second = sorted((one.id, other.id))
    item = ReviewItem(first_id=first, second_id=second, reason="close_name", evidence={}, opened_at=NOW)
    session.add(item)
    session.flush()
    return item
