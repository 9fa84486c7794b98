"""The rules of membership, without a database."""

from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.membership.identifiers import read_identifier
from services.membership.matching import Candidate, close_pairs, contradicted
from services.membership.model import (
    Member,
    NotAllowedFrom,
    Organization,
    Prospect,
    ProspectClosed,
    StandingBackdated,
    StandingInFuture,
)
from services.membership.model.members import LIVE
from services.membership.names import core, fold, place_of
from shared.contracts.membership import Standing

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
STANDINGS: tuple[Standing, ...] = ("current", "grace", "suspended", "resigned", "terminated")


def a_member(admitted_on: date = date(2026, 1, 1)) -> Member:
    return Member.admit(
        Organization(name="Uno"), category="full", admitted_on=admitted_on, reason="Board", now=NOW, actor="ana"
    )


def changed(member: Member, standing: Standing, on: date = date(2026, 5, 4)) -> Standing:
    return member.change_standing(standing, effective_on=on, reason="x", now=NOW, actor="eva")


def named(name: str, **known: object) -> Candidate:
    facts: dict[str, object] = {
        "subdivision": "",
        "address": "",
        "founded_on": None,
        "register": "xx",
        "identifiers": {},
    }
    return Candidate(id=uuid4(), name=name, **facts | known)  # type: ignore[arg-type] # a test's shorthand


def test_a_closed_prospect_stays_closed() -> None:
    prospect = Prospect(stage="identified")
    prospect.lose("too far", now=NOW, actor="ana")
    with pytest.raises(ProspectClosed):
        prospect.admit(now=NOW, actor="ana")
    assert (prospect.stage, prospect.closed_by) == ("lost", "ana")


def test_grace_and_suspension_can_be_healed_and_ends_cannot() -> None:
    member = a_member()
    assert [changed(member, standing) for standing in ("grace", "suspended", "current", "resigned")] == [
        "current",
        "grace",
        "suspended",
        "current",
    ]
    with pytest.raises(NotAllowedFrom):
        changed(member, "current")


def test_a_standing_changes_neither_tomorrow_nor_before_its_last_change() -> None:
    member = a_member()
    changed(member, "grace", date(2026, 5, 1))
    with pytest.raises(StandingBackdated):
        changed(member, "suspended", date(2026, 4, 30))
    with pytest.raises(StandingInFuture):
        changed(member, "suspended", NOW.date() + timedelta(days=1))
    assert member.standing == "grace"
    assert len(member.history) == 2


@given(st.lists(st.tuples(st.sampled_from(STANDINGS), st.integers(0, 120)), max_size=12))
def test_whatever_is_tried_the_history_tells_how_the_standing_came_to_be(tries: list[tuple[Standing, int]]) -> None:
    member = a_member()
    for standing, day in tries:
        try:
            changed(member, standing, date(2026, 1, 1) + timedelta(days=day))
        except (NotAllowedFrom, StandingBackdated):
            continue
    assert member.history[-1].standing == member.standing
    assert [line.previous for line in member.history[1:]] == [line.standing for line in member.history[:-1]]
    days = [line.effective_on for line in member.history]
    assert days == sorted(days)
    assert all(line.standing in LIVE for line in member.history[:-1])


def test_names_are_folded() -> None:
    assert fold("  Coop. ÑANDÚ  «Übe»-R.L. ") == "coop nandu ube r l"
    assert fold("\ufb01n x²") == "fin x2"
    assert place_of("AR", locality="", subdivision="Córdoba") == "AR/cordoba"
    assert place_of("AR", locality="", subdivision="") is None


def test_legal_forms_and_little_words_tell_nobody_apart() -> None:
    assert (
        core("COOPERATIVA DE TRABAJO «LA UNIÓN» R. L.") == core("Coop. Trabajo La Union Ltda") == ("trabajo", "union")
    )
    assert core("Cooperativa Limitada") == ("cooperativa", "limitada")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("COOP AGRICOLA SAN MARTIN LTDA", "Cooperativa San Martín Agrícola"),
        ("Coop Electricidad Chacabuco", "Coop Electrisidad Chacabuco"),
        ("Coop San Juan de Trabajo", "Coop Sanjuan de Trabajo"),
        ("Coop Tandilense", "Coop Tandielnse"),
    ],
)
def test_names_are_close(one: str, other: str) -> None:
    a, b = named(one), named(other)
    assert list(close_pairs([a, b], {a.id})) in ([(a, b)], [(b, a)])
    assert list(close_pairs([a, b], set())) == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Coop 20 de Junio", "Coop 21 de Junio"),
        ("Coop Barrio A008", "Coop Barrio A009"),
        ("Coop 20 de Junio", "Coop 20 de Julio"),
        ("Coop de Trabajo La Unión", "Coop de Vivienda La Unión"),
        ("Coop San Martín", "Coop San Martín Norte"),
        ("COOP LA UNION LTDA", "Coop La Unión Ltda."),
    ],
)
def test_names_are_not_close(one: str, other: str) -> None:
    a, b = named(one), named(other)
    assert list(close_pairs([a, b], {a.id, b.id})) == []


def test_a_homonym_of_another_register_is_close() -> None:
    a, b = named("COOP LA UNION LTDA"), named("COOP LA UNION LTDA", register="yy")
    assert list(close_pairs([a, b], {a.id})) == [(a, b)]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"subdivision": "cordoba"}, {"subdivision": "salta"}),
        ({"identifiers": {"AR-CUIT": "1"}}, {"identifiers": {"AR-CUIT": "2"}}),
        ({"address": "San Martín 120"}, {"address": "Belgrano 8"}),
        ({"founded_on": date(1990, 1, 1)}, {"founded_on": date(1991, 1, 1)}),
    ],
)
def test_what_is_known_keeps_close_names_apart(one: dict[str, object], other: dict[str, object]) -> None:
    assert contradicted(named("Coop Uno Dos", **one), named("Coop Dos Uno", **other))
    assert not contradicted(named("Coop Uno Dos", **one), named("Coop Dos Uno", **one))


def test_a_name_everybody_bears_tells_nobody_apart() -> None:
    many = [named("Coop La Unión", register=str(number)) for number in range(51)]
    assert list(close_pairs(many, {one.id for one in many})) == []


@pytest.mark.parametrize(
    ("scheme", "text", "expected"),
    [
        ("AR-CUIT", "30-50012088-2", ("30500120882", True)),
        ("AR-CUIT", "30-50012088-9", ("30-50012088-9", False)),
        ("BR-CNPJ", "16.727.230/0001-97", ("16727230000197", True)),
        ("DO-RNC", "000000000", ("000000000", False)),
        ("BO-NIT", " 10 2030 ", ("10 2030", True)),
    ],
)
def test_identifiers_are_checked_where_their_country_is_known(
    scheme: str, text: str, expected: tuple[str, bool]
) -> None:
    assert read_identifier(scheme, text) == expected
