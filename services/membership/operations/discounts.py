"""Discounts: a part of one member's dues of one year that is waived."""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from services.membership.model import (
    DiscountGranted,
    DiscountTooHigh,
    DiscountUnknownToFormula,
    DuesDiscount,
    UnknownDiscount,
    YearAssessed,
)
from services.membership.operations.dues import assessments
from services.membership.operations.formulas import formulas, one_at_a_time
from services.membership.operations.members import member
from shared.ids import uuid7


def discounts(*, member_id: UUID, year: int | None = None) -> Select[DuesDiscount]:
    query = select(DuesDiscount).where(DuesDiscount.member_id == member_id)
    return query if year is None else query.where(DuesDiscount.year == year)


def discount_to_change(session: Session, *, member_id: UUID, discount_id: UUID) -> DuesDiscount:
    """The discount, locked."""
    found = session.get(DuesDiscount, discount_id, with_for_update=True, populate_existing=True)
    if not found or found.member_id != member_id:
        raise UnknownDiscount(discount_id=discount_id)
    return found


def grant_discount(
    session: Session,
    *,
    member_id: UUID,
    year: int,
    code: str,
    percent: Decimal,
    reason: str,
    actor: str,
    now: datetime,
) -> DuesDiscount:
    """Waive a part of a year's dues, within what the formula in force for the year allows, if one is in force yet."""
    one_at_a_time(session)
    member(session, member_id=member_id)
    _ensure_not_assessed(session, member_id, year)
    _check_bounds(session, year, code, percent)
    standing = discounts(member_id=member_id, year=year).where(
        DuesDiscount.code == code, DuesDiscount.withdrawn_at.is_(None)
    )
    if session.scalar(standing):
        raise DiscountGranted(code=code, year=year)
    granted = DuesDiscount(
        id=uuid7(),
        member_id=member_id,
        year=year,
        code=code,
        percent=percent.quantize(Decimal("0.01")),
        reason=reason,
        granted_at=now,
        granted_by=actor,
    )
    session.add(granted)
    session.flush()
    return granted


def withdraw_discount(
    session: Session, withdrawn: DuesDiscount, *, reason: str, actor: str, now: datetime
) -> DuesDiscount:
    """It counts no more, unless the year was assessed with it."""
    one_at_a_time(session)
    _ensure_not_assessed(session, withdrawn.member_id, withdrawn.year)
    withdrawn.withdraw(reason, now=now, actor=actor)
    session.flush()
    return withdrawn


def _ensure_not_assessed(session: Session, member_id: UUID, year: int) -> None:
    if session.scalar(assessments(year=year, member_id=member_id)):
        raise YearAssessed(year=year)


def _check_bounds(session: Session, year: int, code: str, percent: Decimal) -> None:
    used = session.scalar(formulas(in_force_on=date(year, 1, 1)))
    if not used:
        return
    allowed = used.formula.discounts
    if code not in allowed:
        raise DiscountUnknownToFormula(year=year, code=code, codes=", ".join(sorted(allowed)) or "-", pointer="/code")
    if percent > allowed[code]:
        raise DiscountTooHigh(year=year, most=allowed[code], code=code, pointer="/percent")
