"""The rules of membership, without a database."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from services.membership.identifiers import read_identifier
from services.membership.matching import close_pairs
from services.membership.model import (
    Member,
    Organization,
    Prospect,
    ProspectClosed,
    StandingInFuture,
)
from services.membership.names import core, fold, place_of
from services.membership.scoring import Candidate

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)


def a_member(admitted_on: date = date(2026, 1, 1)) -> Member:
    return Member.admit(
        Organization(name="Uno"), category="full", admitted_on=admitted_on, reason="Board", now=NOW, actor="ana"
    )


def named(name: str, **known: object) -> Candidate:
    facts: dict[str, object] = {
        "subdivision": "",
        "address": "",
        "founded_on": None,
        "register": "xx",
        "identifiers": {},
    }
    return Candidate(id=uuid4(), name=name, **facts | known)  # type: ignore[arg-type] # a test's shorthand


def proposed(place: list[Candidate], fresh: list[Candidate]) -> list[set[UUID]]:
    """The pairs of `place` that are proposed when those of `fresh` are new."""
    return [{pair.first.id, pair.second.id} for pair in close_pairs(place, {one.id for one in fresh})]


def test_a_closed_prospect_stays_closed() -> None:
    prospect = Prospect(stage="identified")
    prospect.lose("too far", now=NOW, actor="ana")
    with pytest.raises(ProspectClosed):
        prospect.admit(now=NOW, actor="ana")
    assert (prospect.stage, prospect.closed_by) == ("lost", "ana")


def test_nobody_is_admitted_tomorrow() -> None:
    with pytest.raises(StandingInFuture):
        a_member(NOW.date() + timedelta(days=1))
    member = a_member()
    assert [(line.previous, line.standing, line.effective_on) for line in member.history] == [
        (None, "current", date(2026, 1, 1))
    ]


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
    assert proposed([a, b], [a]) == [{a.id, b.id}]
    assert proposed([a, b], []) == []


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
    assert proposed([a, b], [a, b]) == []


def test_a_homonym_of_another_register_is_close() -> None:
    a, b = named("COOP LA UNION LTDA"), named("COOP LA UNION LTDA", register="yy")
    assert proposed([a, b], [a]) == [{a.id, b.id}]


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
    a, b, c = named("Coop Uno Dos", **one), named("Coop Dos Uno", **other), named("Coop Dos Uno", **one)
    assert proposed([a, b], [a]) == []
    assert proposed([a, c], [a]) == [{a.id, c.id}]


def test_a_name_everybody_bears_tells_nobody_apart() -> None:
    many = [named("Coop La Unión", register=str(number)) for number in range(51)]
    assert proposed(many, many) == []


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
