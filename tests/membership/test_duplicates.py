"""How duplicates are told from homonyms: scores, their signals, and the command that measures them."""

import json
from datetime import date
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from intercoop.commands import dedupe
from services.membership import operations
from services.membership.labelled import SHIPPED, judge, read_pairs
from services.membership.model import ReviewItem
from services.membership.names import abbreviates, acronyms_of, core
from services.membership.scoring import Candidate, Score, host, score
from services.membership.signals import SENTENCES, WEIGHTS
from tests.membership.making import an_organization
from tests.membership.test_real_registers import data

DOMINICAN = {"country": "DO", "locality": "", "subdivision": "Santo Domingo"}


def known(name: str = "Coop La Unión", **facts: Any) -> Candidate:
    given_facts = {"country": "AR", "place": "AR/tandil", "register": None} | facts
    return Candidate(id=uuid4(), name=name, **given_facts)  # type: ignore[arg-type] # a test's shorthand


def codes(found: Score) -> dict[str, int]:
    return {signal.code: signal.weight for signal in found.signals}


def measured(*words: str) -> dict[str, Any]:
    result = CliRunner().invoke(dedupe.command, [*words, "--json"])
    assert result.exit_code == 0, result.output
    return dict(json.loads(result.output))


@pytest.mark.parametrize(
    ("acronym", "name", "fits"),
    [
        ("coopsemutel", "Cooperativa de Servicios Múltiples La Telefónica, Inc.", True),
        ("latelefonica", "Cooperativa de Servicios Múltiples La Telefónica, Inc.", True),
        ("conpacoop", "Confederación Paraguaya de Cooperativas", True),
        ("ocb", "Organização das Cooperativas Brasileiras", True),
        ("coopsemutel", "Cooperativa de Ahorro y Crédito La Telefónica", False),
        ("coopnama", "Cooperativa Agrícola San Martín", False),
    ],
)
def test_an_acronym_is_beginnings_of_the_words_in_their_order(acronym: str, name: str, *, fits: bool) -> None:
    assert abbreviates(acronym, name) is fits


def test_an_acronym_in_the_name_adds_nothing_to_its_core() -> None:
    name = "Confederación Paraguaya de Cooperativas CONPACOOP Ltda."
    assert core(name) == core("Confederación Paraguaya de Cooperativas")
    assert acronyms_of(name) == acronyms_of("CONPACOOP") == ("conpacoop",)
    assert core("Tosepan Unida, S.C. de R.L. de C.V.") == core("Sociedad Cooperativa Tosepan Unida")
    assert core("Cooperativa Treinta y Dos") != core("Cooperativa Treinta")


def test_certain_needs_a_shared_valid_identifier_and_nothing_against_it() -> None:
    bearing: dict[str, Any] = {"identifiers": {"AR-CUIT": "30500120882"}, "website": "https://www.union.example/x"}
    assert score(known(**bearing), known(**bearing)).level == "certain"
    likely = score(known(website="union.example"), known(website="http://union.example"))
    assert (likely.level, likely.points) == ("likely", 90)
    in_one = score(known(**bearing, register="xx"), known("Coop La Unión Ltda", **bearing, register="xx"))
    assert (in_one.level, codes(in_one)["same_register"]) == ("likely", -30)
    decree: dict[str, Any] = {"identifiers": {"DO-DECRETO": "1"}, "kinds": {"DO-DECRETO": "decree"}}
    assert codes(score(known(**decree), known(**decree)))["same_decree"] == 25
    assert score(known(**decree), known(**decree)).level != "certain"


def test_other_numbers_other_places_and_other_registers_keys_speak_against() -> None:
    apart = score(
        known(identifiers={"AR-CUIT": "1"}, subdivision="salta", founded_on=date(1990, 1, 1)),
        known(identifiers={"AR-CUIT": "2"}, subdivision="jujuy", founded_on=date(1995, 2, 3), place="AR/azul"),
    )
    assert {code for code, weight in codes(apart).items() if weight < 0} == {
        "other_identifier",
        "other_subdivision",
        "other_place",
        "other_founding",
    }
    assert (apart.points, apart.is_proposed) == (0, False)
    homonyms = score(known(register="xx"), known(register="xx"))
    assert codes(homonyms)["homonym"] == -30
    assert not homonyms.is_proposed


def test_hosts_that_many_share_say_nothing() -> None:
    assert host("https://www.union.coop/inicio") == host("union.coop") == "union.coop"
    assert host("https://facebook.com/union") == host("http://union.wordpress.com") == host("http://[") == ""


NAMES = ("Coop La Unión", "COOPUNION", "Cooperativa de Trabajo La Unión", "Mutual Sur", "Coop Sanjuan", "Coop San Juan")
CANDIDATES = st.builds(
    known,
    name=st.sampled_from(NAMES),
    acronym=st.sampled_from(("", "COOPUNION")),
    trade_names=st.sampled_from(((), ("La Unión",))),
    country=st.sampled_from(("AR", "UY")),
    place=st.sampled_from((None, "AR/tandil", "AR/azul")),
    subdivision=st.sampled_from(("", "salta", "jujuy")),
    founded_on=st.sampled_from((None, date(1990, 1, 1), date(1991, 1, 1))),
    register=st.sampled_from((None, "xx", "yy")),
    identifiers=st.sampled_from(({}, {"AR-CUIT": "1"}, {"AR-CUIT": "2"})),
)


@given(one=CANDIDATES, other=CANDIDATES)
def test_a_score_is_the_same_both_ways_and_the_sum_of_its_signals(one: Candidate, other: Candidate) -> None:
    found, turned = score(one, other), score(other, one)
    assert (found.points, found.level, codes(found)) == (turned.points, turned.level, codes(turned))
    assert found.points == max(0, min(100, sum(codes(found).values())))
    if found.level == "certain":
        assert one.identifiers == other.identifiers != {}
        assert one.register is None or one.register != other.register


def test_every_signal_has_a_weight_and_a_sentence() -> None:
    assert WEIGHTS.keys() == SENTENCES.keys()


def test_the_dominican_pairs_are_proposed(session: Session) -> None:
    bayona = an_organization(
        session, name="Cooperativa de Ahorros de Créditos Bayona", acronym="COOPBAYONA", **DOMINICAN
    )
    written = an_organization(session, name="COOP-BAYONA", **DOMINICAN)
    item = session.scalars(select(ReviewItem)).one()
    assert {item.first_id, item.second_id} == {bayona.id, written.id}
    assert item.level in {"likely", "possible"}
    assert "same_acronym" in {signal["code"] for signal in item.signals}


def test_one_acronym_in_one_country_is_proposed_wherever_the_two_are(session: Session) -> None:
    facts = {"country": "DO", "acronym": "COOP-NARANJO"}
    first = an_organization(session, **facts, name="Cooperativa El Naranjo", locality="Azua")
    second = an_organization(session, **facts, name="Cooperativa de Ahorro El Naranjo", locality="Baní", subdivision="")
    an_organization(session, **facts | {"country": "HT"}, name="Cooperativa El Naranjo", locality="Jacmel")
    operations.update_organization(session, first, subdivision="", now=first.updated_at)
    item = session.scalars(select(ReviewItem)).one()
    assert ({item.first_id, item.second_id}, item.reason) == ({first.id, second.id}, "same_acronym")


@pytest.mark.long
def test_the_dominican_register_has_one_pair_and_inaes_none_that_is_certain() -> None:
    dominican = measured(str(data("registries/do_idecoop_sample.json")), "--profile", "do-idecoop")
    assert [{one["first"], one["second"]} for one in dominican["pairs"]] == [
        {"Cooperativa de Ahorro y Crédito «LA TELEFONICA»", "Cooperativa de Servicios Múltiples La Telefónica, Inc."}
    ]
    inaes = measured(str(data("registries/ar_inaes_2012.csv")), "--profile", "ar-inaes")
    assert (inaes["rows"], inaes["levels"]) == (23_136, {"certain": 0, "likely": 0, "possible": 7})


def test_the_shipped_list_is_judged_well_and_every_error_is_told() -> None:
    pairs = list(read_pairs(SHIPPED))
    assert len(pairs) >= 120
    assert {pair.language for pair in pairs} == {"es", "pt", "en"}
    quality = judge(pairs)
    assert quality.precision >= 0.97
    assert quality.recall >= 0.94
    told = measured()
    assert (told["pairs"], len(told["errors"])) == (len(pairs), len(quality.errors))
    assert told["precision"] == round(quality.precision, 4)


def test_a_list_of_ones_own_is_judged_or_refused(tmp_path: Path) -> None:
    header = "language,country,first,second,same,about\n"
    own = tmp_path / "own.csv"
    own.write_text(f"{header}es,AR,Coop Uno,Cooperativa Uno Ltda,yes,\nes,AR,Coop Uno,Coop Dos,yes,missed\n")
    assert measured("--pairs", str(own))["recall"] == 0.5
    for wrong, said in ((f"{header}es,AR,Uno,Dos,perhaps,\n", "line 2: same is 'perhaps'"), ("first\n", "no column")):
        own.write_text(wrong)
        result = CliRunner().invoke(dedupe.command, ["--pairs", str(own)])
        assert (result.exit_code, said in result.output) == (1, True)
    assert CliRunner().invoke(dedupe.command, [str(own)]).exit_code == 2
