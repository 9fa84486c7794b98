"""Statistic declarations: who is asked, who declares, what is questioned and accepted; each said once."""

from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from services.membership import operations, statistic_form
from services.membership.model import (
    BreakdownDiffers,
    BreakdownTwice,
    DatesOutOfOrder,
    LinkRevoked,
    LinkRevokedAlready,
    NotConfirmed,
    NotDecidable,
    NotDeclarable,
    RoundClosed,
    RoundExists,
    RoundNotOpen,
    RoundTooLong,
    StatisticDeclaration,
    StatisticRequest,
    StatisticRound,
    UnknownLink,
    UnknownRound,
    UnknownStatistic,
)
from services.membership.plausibility import DEFAULT_THRESHOLDS, Figures, Warned, warnings
from shared.contracts.membership import StatisticDecided, StatisticDeclared, StatisticRequested
from shared.http.problems import say_wrong
from shared.messaging.outbox import published
from shared.money import Money
from tests.membership.making import NOW, TODAY, an_organization
from tests.membership.making_dues import YEAR, a_round, accepted, address, declared, named_member, statistic_of


def requests(session: Session) -> list[StatisticRequested]:
    return [fact for fact in published(session) if isinstance(fact, StatisticRequested)]


def asked(session: Session, of: object, step: int = 0) -> dict[str, int]:
    return operations.ask_members(
        session,
        of,  # type: ignore[arg-type] # a round
        occasion="reminder" if step else "request",
        step=step,
        address=address,
        actor="ana",
        now=NOW,
    )


def moved(session: Session, of: StatisticRound, **facts: Any) -> None:
    operations.change_round(session, of, **facts, reason="extended", actor="eva", now=NOW)


def test_a_round_asks_every_present_member_and_nobody_else(session: Session) -> None:
    member, gone = named_member(session, "Uno"), named_member(session, "Dos")
    operations.change_standing(session, gone, standing="resigned", reason="letter", actor="eva", now=NOW)
    an_organization(session, name="Nobody's")
    opened = a_round(session)
    assert session.scalars(select(StatisticDeclaration.member_id)).all() == [member.id]
    assert statistic_of(session, member).state == "requested"
    with pytest.raises(RoundExists):
        a_round(session, closes_on=TODAY + timedelta(90))
    later = named_member(session, "Tres")
    assert asked(session, opened) == {"asked": 0, "without_contact": 2}
    assert [line.step for line in statistic_of(session, later).history] == ["requested"]


def test_a_rounds_dates_are_in_order(session: Session) -> None:
    with pytest.raises(DatesOutOfOrder):
        a_round(session, due_on=TODAY - timedelta(1))
    opened = a_round(session)
    with pytest.raises(DatesOutOfOrder):
        moved(session, opened, closes_on=TODAY)
    assert [(line.changed_by, line.reason, len(line.facts)) for line in opened.history] == [("ana", "", 4)]
    session.refresh(opened)
    with pytest.raises(RoundTooLong):
        a_round(session, YEAR + 1, closes_on=date.max)
    with pytest.raises(RoundTooLong) as refused:
        moved(session, opened, closes_on=date.max)
    assert (refused.value.pointer, refused.value.params["last"]) == ("/closes_on", date(YEAR + 10, 12, 31))
    session.refresh(opened)
    moved(session, opened, closes_on=TODAY + timedelta(90))
    assert opened.history[-1].facts == {"closes_on": (TODAY + timedelta(90)).isoformat()}


def test_the_contact_whose_role_fits_best_is_asked_once_for_each_step(session: Session) -> None:
    member = named_member(session, "Uno")
    at = member.organization_id
    for role, email in [("office", "o@u.invalid"), ("dues", "d@u.invalid"), ("general_management", "")]:
        last = operations.add_contact(session, organization_id=at, role=role, email=email, phone="1", now=NOW)
    dues = next(one for one in member.organization.contacts if one.role == "dues")
    opened = a_round(session)
    assert [asked(session, opened, step) for step in (0, 0, 1, 1, 2)] == [
        {"asked": number, "without_contact": 0} for number in (1, 0, 1, 0, 1)
    ]
    facts = requests(session)
    assert [(fact.occasion, fact.step, fact.contact_id) for fact in facts] == [
        ("request", 0, dues.id),
        ("reminder", 1, dues.id),
        ("reminder", 2, dues.id),
    ]
    assert last.role == "general_management"
    rows = session.scalars(select(StatisticRequest).order_by(StatisticRequest.occasion, StatisticRequest.step)).all()
    assert [address(row.link_id) for row in rows] == [facts[1].link, facts[2].link, facts[0].link]
    assert (facts[0].name, facts[0].language, facts[0].year) == ("Federación Uno", "es", YEAR)


def test_who_declared_is_not_reminded_and_who_gets_a_contact_later_is(session: Session) -> None:
    prompt, late = named_member(session, "Uno"), named_member(session, "Dos")
    for member in (prompt, late):
        operations.add_contact(
            session, organization_id=member.organization_id, role="dues", email="d@u.invalid", now=NOW
        )
    unreachable = named_member(session, "Tres")
    opened = a_round(session)
    declared(session, prompt, 100)
    assert asked(session, opened, 1) == {"asked": 1, "without_contact": 1}
    operations.add_contact(
        session, organization_id=unreachable.organization_id, role="dues", email="x@u.invalid", now=NOW
    )
    assert asked(session, opened, 1) == {"asked": 1, "without_contact": 0}
    assert [fact.member_id for fact in requests(session)] == [late.id, unreachable.id]


def test_nobody_is_asked_before_a_round_opens_or_after_it_closed(session: Session) -> None:
    future = a_round(session, 2027, opens_on=TODAY + timedelta(1))
    past = a_round(session, 2025, opens_on=TODAY - timedelta(9), due_on=TODAY - timedelta(8), closes_on=TODAY)
    with pytest.raises(RoundNotOpen):
        asked(session, future)
    assert past.closes_at == NOW + timedelta(days=1)
    past.ensure_open(past.closes_at - timedelta(seconds=1))
    with pytest.raises(RoundClosed):
        past.ensure_open(past.closes_at)


def test_a_declaration_is_published_with_ids_year_and_persons_alone(session: Session) -> None:
    member = named_member(session, "Uno")
    a_round(session)
    declaration = declared(session, member, 1200, workers=30, turnover=Money(5, "USD"), source="register")
    assert published(session)[-1] == StatisticDeclared(
        statistic_id=declaration.id,
        member_id=member.id,
        organization_id=member.organization_id,
        year=YEAR,
        persons=1200,
    )
    assert (declaration.state, declaration.turnover) == ("declared", Money(5, "USD"))


def test_a_declaration_may_be_corrected_questioned_answered_and_accepted(session: Session) -> None:
    member = named_member(session, "Uno")
    contact = operations.add_contact(
        session, organization_id=member.organization_id, role="dues", email="d@u.invalid", now=NOW
    )
    a_round(session)
    declared(session, member, 1200)
    declaration = declared(session, member, 1300)
    operations.question_statistic(session, declaration, question="¿Con jóvenes?", address=address, actor="ana", now=NOW)
    question = published(session)[-1]
    assert isinstance(question, StatisticRequested)
    assert (question.occasion, question.step, question.question) == ("question", 1, "¿Con jóvenes?")
    assert question.contact_id == contact.id
    with pytest.raises(NotDecidable):
        operations.accept_statistic(session, declaration, actor="ana", now=NOW)
    declared(session, member, 1250)
    operations.accept_statistic(session, declaration, note="checked", actor="ana", now=NOW)
    decided = [fact for fact in published(session) if isinstance(fact, StatisticDecided)]
    assert [(fact.verdict, fact.persons, fact.year) for fact in decided] == [
        ("questioned", 1300, YEAR),
        ("accepted", 1250, YEAR),
    ]
    assert published(session)[-1] == StatisticDecided(
        statistic_id=declaration.id,
        member_id=member.id,
        organization_id=member.organization_id,
        year=YEAR,
        persons=1250,
        verdict="accepted",
    )
    with pytest.raises(NotDeclarable):
        declared(session, member, 1)
    with pytest.raises(NotDecidable):
        operations.accept_statistic(session, declaration, actor="ana", now=NOW)
    assert [(line.step, line.by, (line.figures or {}).get("persons")) for line in declaration.history] == [
        ("requested", "ana", None),
        ("declared", "eva", 1200),
        ("declared", "eva", 1300),
        ("questioned", "ana", None),
        ("declared", "eva", 1250),
        ("accepted", "ana", None),
    ]


def test_an_accepted_mistake_can_be_questioned_again(session: Session) -> None:
    member = named_member(session, "Uno")
    a_round(session)
    declaration = accepted(session, member, 1200)
    operations.question_statistic(session, declaration, question="?", address=address, actor="ana", now=NOW)
    assert declared(session, member, 1100).persons == 1100
    assert requests(session) == []


def test_nothing_is_decided_before_it_was_declared(session: Session) -> None:
    member = named_member(session, "Uno")
    a_round(session)
    declaration = statistic_of(session, member)
    with pytest.raises(NotDecidable):
        operations.accept_statistic(session, declaration, actor="ana", now=NOW)
    with pytest.raises(NotDecidable):
        operations.question_statistic(session, declaration, question="?", address=address, actor="ana", now=NOW)


def test_figures_far_from_last_years_need_a_reason(session: Session) -> None:
    member = named_member(session, "Uno")
    a_round(session, 2025)
    accepted(session, member, 1000, 2025, workers=100)
    a_round(session)
    with pytest.raises(NotConfirmed) as refusal:
        declared(session, member, 1500, workers=10)
    assert [one.pointer for one in refusal.value.wrong] == ["/confirmation"] * 2
    assert [say_wrong(one, "es")["detail"] for one in refusal.value.wrong] == [
        "Personas representadas: 50 % más que el año anterior (1000, ahora 1500).",
        "Trabajadores y trabajadoras: 90 % menos que el año anterior (100, ahora 10).",
    ]
    assert statistic_of(session, member).state == "requested"
    declaration = declared(session, member, 1500, workers=10, confirmation="merged in May")
    assert [(one["figure"], one["code"]) for one in declaration.warnings] == [
        ("persons", "risen"),
        ("workers", "fallen"),
    ]
    assert declared(session, member, 1100, workers=90).warnings == []


def test_only_accepted_years_are_compared_with(session: Session) -> None:
    member = named_member(session, "Uno")
    a_round(session, 2024)
    accepted(session, member, 1000, 2024)
    a_round(session, 2025)
    declared(session, member, 9, 2025, confirmation="typo")
    a_round(session)
    declaration = statistic_of(session, member)
    before = operations.year_before(session, declaration)
    assert before is not None
    assert before.year == 2024
    assert operations.check_statistic(session, declaration, persons=1000) == []


def test_a_rounds_own_thresholds_count(session: Session) -> None:
    member = named_member(session, "Uno")
    a_round(session, 2025)
    accepted(session, member, 1000, 2025)
    opened = a_round(session)
    strict = {"persons": {"rise_percent": 1, "fall_percent": 1, "ignore_below": 0}}
    moved(session, opened, thresholds=strict)
    assert opened.thresholds["workers"] == DEFAULT_THRESHOLDS["workers"]
    with pytest.raises(NotConfirmed):
        declared(session, member, 1011)


def briefly(warned: Warned) -> str:
    percent = warned.params.get("percent")
    sign = "-" if warned.code in {"fallen", "gone"} else "+"
    return f"{warned.figure} {sign}{percent} %" if percent is not None else f"{warned.figure} {warned.params['after']}"


@pytest.mark.parametrize(
    ("before", "now", "said"),
    [
        (Figures(persons=1000), Figures(persons=1250), ""),
        (Figures(persons=1000), Figures(persons=1251), "persons +25 %"),
        (Figures(persons=1000), Figures(persons=800), ""),
        (Figures(persons=1000), Figures(persons=799), "persons -20 %"),
        (Figures(persons=1000), Figures(persons=0), "persons -100 %"),
        (Figures(persons=0), Figures(persons=50), "persons 50"),
        (Figures(persons=2), Figures(persons=19), ""),
        (Figures(persons=0), Figures(persons=0), ""),
        (Figures(persons=9, turnover=Money(1, "USD")), Figures(persons=9, turnover=Money(1, "ARS")), "turnover ARS"),
        (Figures(persons=9, turnover=Money(1, "USD")), Figures(persons=9, turnover=Money(2, "USD")), "turnover +100 %"),
        (Figures(persons=9, workers=100), Figures(persons=9), ""),
    ],
)
def test_what_is_odd_is_said_in_few_words(before: Figures, now: Figures, said: str) -> None:
    assert ", ".join(briefly(one) for one in warnings(now, before, DEFAULT_THRESHOLDS)) == said
    assert warnings(now, None, DEFAULT_THRESHOLDS) == []


def test_the_parts_are_the_whole(session: Session) -> None:
    member = named_member(session, "Uno")
    a_round(session)
    women = {"sex": "women", "age": "unknown", "persons": 60}
    men = {"sex": "men", "age": "unknown", "persons": 30}
    with pytest.raises(BreakdownDiffers):
        declared(session, member, 100, breakdown=[women, men])
    with pytest.raises(BreakdownTwice):
        declared(session, member, 120, breakdown=[women, women])
    assert declared(session, member, 90, breakdown=[women, men]).breakdown == [women, men]


def test_a_link_opens_its_declaration_until_the_round_closes(session: Session) -> None:
    member = named_member(session, "Uno")
    opened = a_round(session)
    declaration = statistic_of(session, member)
    link = operations.make_link(session, declaration, actor="ana", now=NOW)
    found, used = operations.statistic_by_link(session, link_id=link.id, now=NOW)
    assert (found, used) == (declaration, link)
    with pytest.raises(RoundClosed):
        operations.statistic_by_link(session, link_id=link.id, now=opened.closes_at)
    moved(session, opened, closes_on=opened.closes_on + timedelta(9))
    operations.statistic_by_link(session, link_id=link.id, now=opened.closes_at - timedelta(days=2))
    with pytest.raises(UnknownLink):
        operations.statistic_by_link(session, link_id=uuid4(), now=NOW)


def test_a_revoked_link_opens_nothing(session: Session) -> None:
    member = named_member(session, "Uno")
    a_round(session)
    declaration = statistic_of(session, member)
    link, other = (operations.make_link(session, declaration, actor="ana", now=NOW) for _ in range(2))
    operations.revoke_link(session, declaration, link_id=link.id, reason="sent astray", actor="eva", now=NOW)
    with pytest.raises(LinkRevoked):
        operations.statistic_by_link(session, link_id=link.id, now=NOW)
    with pytest.raises(LinkRevokedAlready):
        operations.revoke_link(session, declaration, link_id=link.id, reason="again", actor="eva", now=NOW)
    operations.statistic_by_link(session, link_id=other.id, now=NOW)
    assert [(line.step, line.note) for line in declaration.history][-1] == ("unlinked", "sent astray")


def test_the_round_at_a_glance_counts_by_state_and_country(session: Session) -> None:
    here, there = named_member(session, "Uno"), named_member(session, "Dos", country="UY")
    named_member(session, "Tres", country="UY")
    operations.add_contact(session, organization_id=here.organization_id, role="dues", email="d@u.invalid", now=NOW)
    opened = a_round(session)
    declared(session, here, 100)
    accepted(session, there, 2000)
    seen = operations.round_overview(session, round_id=opened.id)
    names = ("members", "requested", "declared", "accepted", "without_contact", "persons_accepted")
    assert [seen[name] for name in names] == [3, 1, 1, 1, 2, 2000]
    assert [[row[name] for name in ("country", *names)] for row in seen["by_country"]] == [
        ["AR", 1, 0, 1, 0, 0, 0],
        ["UY", 2, 1, 0, 1, 2, 2000],
    ]


def test_declarations_are_found_by_every_filter(session: Session) -> None:
    here, there = named_member(session, "Uno"), named_member(session, "Dos", country="UY")
    operations.add_contact(session, organization_id=here.organization_id, role="dues", email="d@u.invalid", now=NOW)
    opened = a_round(session)
    declared(session, here, 100)

    def found(**filters: object) -> list[object]:
        query = operations.statistics(round_id=opened.id, **filters)  # type: ignore[arg-type] # any of them
        return [one.member_id for one in session.scalars(query)]

    assert found(state="declared") == found(reachable=True) == found(country="AR") == found(member_id=here.id)
    assert found(reachable=False) == found(country="UY") == found(state="requested") == [there.id]
    assert found(year=2025) == []


def test_what_does_not_exist_is_refused_by_name(session: Session) -> None:
    with pytest.raises(UnknownRound):
        operations.round_overview(session, round_id=uuid4())
    with pytest.raises(UnknownStatistic):
        operations.statistic(session, statistic_id=uuid4())


def test_a_round_of_another_year_is_another_round(session: Session) -> None:
    named_member(session, "Uno")
    first, second = a_round(session, 2025), a_round(session, 2026)
    assert first.id != second.id
    assert [one.year for one in session.scalars(operations.statistics()).all()] in ([2025, 2026], [2026, 2025])
    assert first.opens_on > date(2026, 1, 1)


@pytest.mark.parametrize(
    ("typed", "amount"),
    [
        ("1234", "1234"),
        ("1.234,50", "1234.50"),
        ("1,234.50", "1234.50"),
        ("1 234 567,5", "1234567.5"),
        ("1.234", "1234"),
        ("12,5", "12.5"),
        ("0.50", "0.50"),
        ("1.5.00", "1.5.00"),
        ("1.23.456", "1.23.456"),
        ("x", "x"),
    ],
)
def test_amounts_are_read_as_people_write_them(typed: str, amount: str) -> None:
    figures = statistic_form.read({"persons": "12.345", "turnover": typed, "currency": "USD"})
    assert (figures["persons"], figures["turnover"]) == (12345, {"amount": amount, "currency": "USD"})


def test_ages_are_read_with_the_rest_of_a_sex_as_unknown_and_shown_again(session: Session) -> None:
    member = named_member(session, "Uno")
    a_round(session)
    typed = {"persons": "100", "women": "60", "women_18_to_35": "25", "women_from_65": "5", "men_under_18": "10"}
    figures = statistic_form.read(typed)
    assert figures["breakdown"] == [
        {"sex": "women", "age": "18_to_35", "persons": 25},
        {"sex": "women", "age": "from_65", "persons": 5},
        {"sex": "women", "persons": 30},
        {"sex": "men", "age": "under_18", "persons": 10},
        {"sex": "unknown", "persons": 30},
    ]
    parts = [{"age": "unknown"} | part for part in figures["breakdown"]]
    declaration = declared(session, member, 100, breakdown=parts)
    assert typed.items() <= statistic_form.known(declaration).items()
    assert statistic_form.known(declaration)["men"] == "10"
    assert statistic_form.read(typed | {"women": "30"})["breakdown"][2]["sex"] == "men"


def test_ages_that_are_more_than_their_sex_or_no_number_are_told() -> None:
    with pytest.raises(statistic_form.AgesExceed) as refused:
        statistic_form.read({"persons": "100", "men": "20", "men_from_65": "15", "men_under_18": "6"})
    assert refused.value.params == {"sum": 21, "persons": 20}
    typed = {"persons": "100", "women": "5", "men": "20", "men_from_65": "many"}
    parts = statistic_form.read(typed)["breakdown"]
    assert [part["persons"] for part in parts] == [5, "many", 20]
    labels = statistic_form.labels(typed)
    assert [labels[f"breakdown/{number}/persons"] for number in range(3)] == [
        "Women among them",
        "Men from 65",
        "Men among them",
    ]


def test_where_a_currency_has_three_decimals_nothing_is_guessed() -> None:
    figures = statistic_form.read({"turnover": "1.500", "currency": "KWD"})
    assert figures["turnover"]["amount"] == "1.500"
    assert statistic_form.read({"turnover": "9"})["turnover"] == {"amount": "9"}
