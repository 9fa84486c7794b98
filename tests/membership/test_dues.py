"""Formulas in force, assessments, discounts and simulations on a real database."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from services.membership import operations
from services.membership.model import (
    DiscountGranted,
    DiscountTooHigh,
    DiscountUnknownToFormula,
    DiscountWithdrawn,
    DuesAssessment,
    DuesFormula,
    FormulaInUse,
    FormulaNotApproved,
    FormulaOverlaps,
    FormulaSettled,
    MakerApproves,
    Member,
    NoFormulaInForce,
    RetiredBeforeItBegan,
    SimulatedDues,
    UnknownAssessment,
    UnknownDiscount,
    UnknownFormula,
    UnknownSimulation,
    YearAssessed,
)
from services.membership.model.dues import stored_lines
from shared.contracts.membership import DuesAssessed
from shared.messaging.outbox import published
from shared.money import Money
from tests.membership.making import NOW
from tests.membership.making_dues import YEAR, a_draft, a_formula, a_round, accepted, named_member, terms


def approved(session: Session, draft: DuesFormula, actor: str = "eva") -> DuesFormula:
    return operations.approve_formula(session, draft, reason="Assembly", actor=actor, now=NOW)


def retired(session: Session, formula: DuesFormula, day: date) -> DuesFormula:
    return operations.retire_formula(session, formula, effective_until=day, reason="Assembly", actor="eva", now=NOW)


def recorded(session: Session, year: int = YEAR) -> dict[str, Any]:
    return operations.record_dues(session, year=year, actor="ana", now=NOW)


def granted(session: Session, member: Member, code: str = "hardship", percent: str = "30", year: int = YEAR) -> Any:
    return operations.grant_discount(
        session,
        member_id=member.id,
        year=year,
        code=code,
        percent=Decimal(percent),
        reason="hurricane",
        actor="ana",
        now=NOW,
    )


def test_a_formula_is_approved_by_somebody_who_did_not_write_at_it(session: Session) -> None:
    draft = a_draft(session)
    operations.change_formula(session, draft, terms=terms(base="300.00"), reason="amended", actor="leo", now=NOW)
    for maker in ("ana", "leo"):
        with pytest.raises(MakerApproves):
            approved(session, draft, maker)
    assert draft.state == "draft"
    approved(session, draft)
    assert [(line.step, line.changed_by) for line in draft.history] == [
        ("drafted", "ana"),
        ("changed", "leo"),
        ("approved", "eva"),
    ]


def test_what_was_approved_stays_as_it_is(session: Session) -> None:
    formula = a_formula(session)
    attempts: list[Callable[[], Any]] = [
        lambda: operations.change_formula(session, formula, name="x", reason="x", actor="ana", now=NOW),
        lambda: approved(session, formula),
        lambda: operations.discard_formula(session, formula, reason="x", actor="ana", now=NOW),
    ]
    for attempt in attempts:
        with pytest.raises(FormulaSettled):
            attempt()
    draft = a_draft(session)
    with pytest.raises(FormulaNotApproved):
        retired(session, draft, date(2027, 1, 1))
    operations.discard_formula(session, draft, reason="withdrawn", actor="ana", now=NOW)
    assert draft.state == "discarded"


def test_formulas_never_overlap_and_each_day_has_one(session: Session) -> None:
    first, second = a_formula(session), a_draft(session, effective_from=date(2027, 1, 1))
    with pytest.raises(FormulaOverlaps):
        approved(session, second)
    session.refresh(second)
    with pytest.raises(RetiredBeforeItBegan):
        retired(session, first, date(2025, 12, 31))
    retired(session, first, date(2027, 1, 1))
    approved(session, second)
    assert operations.formula_of_year(session, year=2026) == first
    assert operations.formula_of_year(session, year=2027) == second
    with pytest.raises(NoFormulaInForce):
        operations.formula_of_year(session, year=2025)
    with pytest.raises(FormulaOverlaps):
        approved(session, a_draft(session, effective_from=date(2025, 1, 1)))


def test_the_database_refuses_an_overlap_too(session: Session) -> None:
    a_formula(session)
    draft = a_draft(session, effective_from=date(2030, 1, 1))
    draft.state = "approved"
    with pytest.raises(IntegrityError, match="ex_dues_formulas_in_force"):
        session.flush()


def test_a_formula_years_were_assessed_by_stays_in_force_for_them(session: Session) -> None:
    formula = a_formula(session)
    member = named_member(session, "Uno")
    a_round(session)
    accepted(session, member, 100)
    recorded(session)
    with pytest.raises(FormulaInUse):
        retired(session, formula, date(2026, 1, 1))
    assert retired(session, formula, date(2026, 1, 2)).state == "retired"


def test_dues_are_recorded_once_and_published_when_they_are(session: Session) -> None:
    member, silent = named_member(session, "Uno"), named_member(session, "Dos")
    formula = a_formula(session)
    a_round(session)
    statistic = accepted(session, member, 12_345)
    done = recorded(session)
    assert (done["recorded"], done["recorded_before"], done["skipped"]) == (1, 0, {"no_statistic": 1})
    assessment = session.scalars(select(DuesAssessment)).one()
    assert published(session)[-1] == DuesAssessed(
        assessment_id=assessment.id,
        member_id=member.id,
        organization_id=member.organization_id,
        year=YEAR,
        formula_id=formula.id,
        amount=797_00,
        currency="USD",
    )
    assert (assessment.amount, assessment.statistic_id) == (Money(797_00, "USD"), statistic.id)
    said = len(published(session))
    again = recorded(session)
    assert (again["recorded"], again["recorded_before"], len(published(session))) == (0, 1, said)
    accepted(session, silent, 100)
    assert recorded(session)["recorded"] == 1


def test_any_year_recorded_replays_to_the_cent_whatever_happened_since(session: Session) -> None:
    member = named_member(session, "Uno", country="HT")
    formula = a_formula(session)
    a_round(session)
    statistic = accepted(session, member, 54_321)
    granted(session, member, percent="33.33")
    recorded(session)
    assessment = session.scalars(select(DuesAssessment)).one()
    retired(session, formula, date(2026, 2, 1))
    operations.question_statistic(session, statistic, question="?", address=str, actor="ana", now=NOW)
    operations.update_organization(session, member.organization, country="AR", now=NOW)
    session.expire(assessment)
    again = assessment.replay()
    assert (again.amount, stored_lines(again)) == (assessment.amount, assessment.lines)
    assert sum(line["minor"] for line in assessment.lines) == assessment.minor


def test_a_year_is_assessed_by_one_formula_alone(session: Session) -> None:
    member, other = named_member(session, "Uno"), named_member(session, "Dos")
    first = a_formula(session, effective_from=date(2025, 1, 1))
    a_round(session)
    accepted(session, member, 100)
    recorded(session)
    retired(session, first, date(2026, 1, 2))
    accepted(session, other, 100)
    assert recorded(session)["recorded"] == 1
    assert {one.formula_id for one in session.scalars(select(DuesAssessment))} == {first.id}


def test_who_was_no_member_in_the_year_owes_nothing(session: Session) -> None:
    a_formula(session, effective_from=date(2020, 1, 1), brackets=[])
    early = named_member(session, "Uno", admitted_on=date(2024, 12, 31))
    operations.change_standing(
        session, early, standing="resigned", reason="letter", effective_on=date(2026, 1, 1), actor="eva", now=NOW
    )

    def reason(year: int) -> object:
        return operations.quote_dues(session, member_id=early.id, year=year).reason

    assert [reason(year) for year in (2023, 2024, 2025, 2026)] == ["not_a_member", None, None, "not_a_member"]


def test_who_left_and_came_back_within_a_year_pays_once(session: Session) -> None:
    a_formula(session, brackets=[])
    first = named_member(session, "Uno")
    operations.change_standing(
        session, first, standing="resigned", reason="x", effective_on=date(2026, 2, 1), actor="eva", now=NOW
    )
    prospect = operations.open_prospect(
        session, organization_id=first.organization_id, source="return", actor="ana", now=NOW
    )
    second = operations.admit_prospect(session, prospect, category="full", reason="Board", actor="ana", now=NOW)
    assert operations.quote_dues(session, member_id=first.id, year=YEAR).reason == "other_membership"
    assert recorded(session)["skipped"] == {"other_membership": 1}
    assert [one.member_id for one in session.scalars(select(DuesAssessment))] == [second.id]
    assert recorded(session)["recorded_before"] == 1


def test_who_paid_before_it_left_does_not_pay_again_when_it_comes_back(session: Session) -> None:
    a_formula(session, brackets=[])
    first = named_member(session, "Uno")
    recorded(session)
    operations.change_standing(session, first, standing="resigned", reason="x", actor="eva", now=NOW)
    prospect = operations.open_prospect(
        session, organization_id=first.organization_id, source="return", actor="ana", now=NOW
    )
    operations.admit_prospect(session, prospect, category="full", reason="Board", actor="ana", now=NOW)
    assert recorded(session)["skipped"] == {"other_membership": 1}
    assert len(session.scalars(select(DuesAssessment)).all()) == 1


def test_the_statistic_is_of_the_year_the_formula_says(session: Session) -> None:
    member = named_member(session, "Uno")
    a_formula(session, statistics_lag=1)
    a_round(session, 2025)
    accepted(session, member, 20_000, 2025)
    quote = operations.quote_dues(session, member_id=member.id, year=2026)
    assert (quote.statistics_year, quote.known.inputs.persons) == (2025, 20_000)
    assert operations.quote_dues(session, member_id=member.id, year=2027).reason == "no_statistic"


def test_an_associate_needs_no_statistic(session: Session) -> None:
    member = named_member(session, "Uno")
    member.category = "associate"
    a_formula(session)
    owed = operations.quote_dues(session, member_id=member.id, year=YEAR).assessment
    assert owed is not None
    assert owed.amount == Money(750_00, "USD")


def test_a_discount_counts_within_bounds_and_until_it_is_withdrawn(session: Session) -> None:
    member = named_member(session, "Uno")
    a_formula(session)
    a_round(session)
    accepted(session, member, 5_000)
    with pytest.raises(DiscountUnknownToFormula):
        granted(session, member, "friendship")
    with pytest.raises(DiscountTooHigh):
        granted(session, member, percent="80.01")
    discount = granted(session, member)
    with pytest.raises(DiscountGranted):
        granted(session, member, percent="10")

    def owed() -> int:
        assessment = operations.quote_dues(session, member_id=member.id, year=YEAR).assessment
        assert assessment is not None
        return assessment.amount.minor

    assert owed() == 350_00
    operations.withdraw_discount(session, discount, reason="error", actor="eva", now=NOW)
    assert owed() == 500_00
    with pytest.raises(DiscountWithdrawn):
        operations.withdraw_discount(session, discount, reason="error", actor="eva", now=NOW)
    granted(session, member, percent="10")
    recorded(session)
    with pytest.raises(YearAssessed):
        granted(session, member, "first_year")
    with pytest.raises(UnknownDiscount):
        operations.discount_to_change(session, member_id=uuid4(), discount_id=discount.id)


def test_a_simulation_shows_who_wins_and_who_loses_beside_the_formula_in_force(session: Session) -> None:
    small, large, silent = (named_member(session, name) for name in ("Uno", "Dos", "Tres"))
    abroad = named_member(session, "Cuatro", country="HT")
    a_formula(session)
    a_round(session)
    for member, persons in ((small, 100), (large, 500_000), (abroad, 100)):
        accepted(session, member, persons)
    draft = a_draft(session, effective_from=date(2027, 1, 1), minimum="400.00", cap=None, coefficients=[])
    tried = operations.simulate(session, formula=draft, year=YEAR, actor="ana", now=NOW)
    rows = {row.member_id: row for row in session.scalars(operations.simulated_dues(simulation_id=tried.id))}
    assert [(rows[m.id].baseline_minor, rows[m.id].minor, rows[m.id].outcome) for m in (small, large, silent)] == [
        (500_00, 400_00, "less"),
        (4550_00, 4550_00, "same"),
        (None, None, "not_assessed"),
    ]
    totals = operations.simulation_totals(session, simulation_id=tried.id)
    assert totals["total"] == {
        "members": 4,
        "minor": 5350_00,
        "baseline_minor": 5550_00,
        "change": -200_00,
        "more": 0,
        "less": 2,
        "same": 1,
        "not_comparable": 0,
        "not_assessed": 1,
    }
    assert [(row["country"], row["members"], int(row["change"])) for row in totals["by_country"]] == [
        ("AR", 3, -100_00),
        ("HT", 1, -100_00),
    ]
    assert totals["reasons"] == {"no_statistic": 1}
    assert [fact for fact in published(session) if isinstance(fact, DuesAssessed)] == []


def test_a_simulation_of_the_formula_in_force_is_what_was_recorded(session: Session) -> None:
    formula = a_formula(session)
    members = [named_member(session, f"M{number}", country="HT" if number % 2 else "AR") for number in range(6)]
    a_round(session)
    for number, member in enumerate(members):
        accepted(session, member, 7_919**number % 300_000)
    granted(session, members[1], percent="12.5")
    before = operations.simulate(session, formula=formula, year=YEAR, actor="ana", now=NOW)
    recorded(session)
    after = operations.simulate(session, formula=formula, year=YEAR, actor="ana", now=NOW)
    owed = {one.member_id: (one.minor, one.lines) for one in session.scalars(select(DuesAssessment))}
    for simulation in (before, after):
        rows = session.scalars(select(SimulatedDues).where(SimulatedDues.simulation_id == simulation.id)).all()
        assert {row.member_id: (row.minor, row.lines) for row in rows} == owed
        assert {row.outcome for row in rows} == {"same"}


def test_a_simulation_in_another_currency_compares_nobody(session: Session) -> None:
    member = named_member(session, "Uno")
    a_formula(session)
    a_round(session)
    accepted(session, member, 100)
    rounding = {"unit": "1", "mode": "half_up"}
    whole: dict[str, Any] = dict.fromkeys(("base", "minimum", "cap", "associate_default"), "1000")
    draft = a_draft(session, currency="CLP", associate_scale=[], rounding=rounding, **whole)
    tried = operations.simulate(session, formula=draft, year=YEAR, statistics_year=YEAR, actor="ana", now=NOW)
    row = session.scalars(operations.simulated_dues(simulation_id=tried.id)).one()
    assert (row.minor, row.baseline_minor, row.change, row.outcome) == (1000, 500_00, None, "not_comparable")


def test_without_a_formula_in_force_a_draft_can_still_be_tried(session: Session) -> None:
    member = named_member(session, "Uno")
    draft = a_draft(session, brackets=[])
    quote = operations.quote_dues(session, member_id=member.id, year=YEAR, formula=draft)
    assert quote.assessment is not None
    tried = operations.simulate(session, formula=draft, year=YEAR, actor="ana", now=NOW)
    row = session.scalars(operations.simulated_dues(simulation_id=tried.id)).one()
    assert (row.minor, row.baseline_minor, row.outcome) == (500_00, None, "not_comparable")
    with pytest.raises(NoFormulaInForce):
        recorded(session)


def test_simulated_members_are_found_by_every_filter(session: Session) -> None:
    named_member(session, "Uno"), named_member(session, "Dos", country="UY")
    tried = operations.simulate(session, formula=a_formula(session), year=YEAR, actor="ana", now=NOW)

    def found(**filters: Any) -> int:
        return len(session.scalars(operations.simulated_dues(simulation_id=tried.id, **filters)).all())

    assert [found(country="UY"), found(category="full"), found(reason="no_statistic")] == [1, 2, 2]
    assert [found(outcome="more"), found(category="associate"), found(reason="not_a_member")] == [0, 0, 0]


def test_what_does_not_exist_is_refused_by_name(session: Session) -> None:
    with pytest.raises(UnknownFormula):
        operations.formula(session, formula_id=uuid4())
    with pytest.raises(UnknownAssessment):
        operations.assessment(session, assessment_id=uuid4())
    with pytest.raises(UnknownSimulation):
        operations.simulation(session, simulation_id=uuid4())
