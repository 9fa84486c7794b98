"""Gatherings, their prices, and the registrations that were promised one."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from typing import Literal
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, MetaData, String, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from shared import database
from shared.contracts.events import PriceTier
from shared.contracts.membership import Category, Standing
from shared.errors import Conflict, Rejected
from shared.ids import uuid7
from shared.merged import MergedOrganizationColumns
from shared.money import Money

Kind = Literal["mission", "summit", "forum", "exchange"]
PriceReason = Literal[
    "good_standing", "in_grace", "suspended", "resigned", "terminated", "not_a_member", "no_organization"
]

Interest = Literal["membership", "funding", "training", "trade", "gatherings", "other"]

_LAST_PLACE_ON_EARTH = timezone(timedelta(hours=-12))


class EndsBeforeItStarts(Rejected):
    message = "A gathering can't end on {ends_on}, before it starts on {starts_on}."


class TwoCurrencies(Rejected):
    message = "Both prices of a gathering are in one currency, not in {member} and {standard}."


class NegativePrice(Rejected):
    message = "A price can't be negative."


class MembersPayMore(Rejected):
    message = "The member price {member} is above the standard price {standard}."


class GatheringOver(Conflict):
    message = "{name} ended on {ends_on}."


class Base(database.Base):
    """The events service's own tables."""

    __abstract__ = True
    metadata = MetaData(naming_convention=database.NAMING)


class Member(Base):
    """Replica of membership's member: nothing here is decided by events."""

    __tablename__ = "members"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID] = mapped_column(index=True)
    name: Mapped[str] = mapped_column(Text)
    country: Mapped[str] = mapped_column(String(2))
    sectors: Mapped[list[str]] = mapped_column(ARRAY(Text))
    category: Mapped[Category] = mapped_column(Text)
    standing: Mapped[Standing] = mapped_column(Text)
    language: Mapped[str] = mapped_column(Text)
    changed_at: Mapped[datetime]

    @property
    def price_tier(self) -> tuple[PriceTier, PriceReason]:
        """Late dues alone (grace) keep the member price; the lost standing doesn't."""
        match self.standing:
            case "current":
                return "member", "good_standing"
            case "grace":
                return "member", "in_grace"
            case lost:
                return "standard", lost


class MergedOrganization(MergedOrganizationColumns, Base):
    """Replica of membership's merges."""


class Gathering(Base):
    """A mission, summit, forum or exchange with a price for members and one for everybody else."""

    __tablename__ = "gatherings"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[Kind] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    place: Mapped[str] = mapped_column(Text)
    country: Mapped[str] = mapped_column(String(2), index=True)
    starts_on: Mapped[date]
    ends_on: Mapped[date] = mapped_column(index=True)
    currency: Mapped[str] = mapped_column(String(3))
    member_minor: Mapped[int] = mapped_column(BigInteger)
    standard_minor: Mapped[int] = mapped_column(BigInteger)
    announced_at: Mapped[datetime]
    version: Mapped[int] = mapped_column()
    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 -- SQLAlchemy's own form

    @classmethod
    def announce(
        cls,
        *,
        kind: Kind,
        name: str,
        place: str,
        country: str,
        starts_on: date,
        ends_on: date,
        prices: dict[PriceTier, Money],
        now: datetime,
    ) -> "Gathering":
        """A gathering whose dates and prices make sense and that can still be attended."""
        if ends_on < starts_on:
            raise EndsBeforeItStarts(pointer="/ends_on", starts_on=starts_on, ends_on=ends_on)
        member, standard = prices["member"], prices["standard"]
        _refuse_odd_prices(member, standard)
        gathering = cls(
            id=uuid7(),
            kind=kind,
            name=name,
            place=place,
            country=country,
            starts_on=starts_on,
            ends_on=ends_on,
            currency=member.currency,
            member_minor=member.minor,
            standard_minor=standard.minor,
            announced_at=now,
        )
        gathering.refuse_if_over(now)
        return gathering

    @property
    def prices(self) -> dict[PriceTier, Money]:
        """What a place costs now, by tier."""
        return {
            "member": Money(self.member_minor, self.currency),
            "standard": Money(self.standard_minor, self.currency),
        }

    def refuse_if_over(self, now: datetime) -> None:
        """It is over when its last day has ended everywhere, wherever it takes place."""
        if self.ends_on < now.astimezone(_LAST_PLACE_ON_EARTH).date():
            raise GatheringOver(name=self.name, ends_on=self.ends_on)

    def quote(self, *, organization_id: UUID | None, member: Member | None) -> "Quote":
        """What a place costs somebody from the organization at this moment, and why."""
        if member:
            tier, reason = member.price_tier
        else:
            tier, reason = "standard", "not_a_member" if organization_id else "no_organization"
        return Quote(tier=tier, price=self.prices[tier], reason=reason)

    def register(
        self, *, person: str, organization_id: UUID | None, member: Member | None, now: datetime
    ) -> "Registration":
        """A place for `person`, at the price their organization has at this moment."""
        self.refuse_if_over(now)
        quote = self.quote(organization_id=organization_id, member=member)
        return Registration(
            id=uuid7(),
            gathering_id=self.id,
            person=person,
            organization_id=organization_id,
            member_id=member.id if member else None,
            tier=quote.tier,
            price_reason=quote.reason,
            minor=quote.price.minor,
            currency=quote.price.currency,
            registered_at=now,
        )


@dataclass(frozen=True, kw_only=True)
class Quote:
    """A price and its reason; no promise before somebody registers."""

    tier: PriceTier
    price: Money
    reason: PriceReason


class Registration(Base):
    """A place taken. Its price is a promise: no later change of standing or price touches it."""

    __tablename__ = "registrations"
    __table_args__ = (UniqueConstraint("gathering_id", "person"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    gathering_id: Mapped[UUID] = mapped_column(ForeignKey("gatherings.id"))
    person: Mapped[str] = mapped_column(Text)
    organization_id: Mapped[UUID | None] = mapped_column(index=True)
    member_id: Mapped[UUID | None]
    tier: Mapped[PriceTier] = mapped_column(Text)
    price_reason: Mapped[PriceReason] = mapped_column(Text)
    minor: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3))
    registered_at: Mapped[datetime]

    @property
    def price(self) -> Money:
        """The price promised."""
        return Money(self.minor, self.currency)


class Lead(Base):
    """An organization that showed interest at a gathering; once for each interest. `note` may name people.

    `organization_id` is None where only name and country are known; `key` tells organizations of a gathering apart.
    """

    __tablename__ = "leads"
    __table_args__ = (UniqueConstraint("gathering_id", "key", "interest"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    gathering_id: Mapped[UUID] = mapped_column(ForeignKey("gatherings.id"))
    key: Mapped[str] = mapped_column(Text)
    organization_id: Mapped[UUID | None]
    name: Mapped[str] = mapped_column(Text)
    country: Mapped[str] = mapped_column(Text)
    interest: Mapped[Interest] = mapped_column(Text)
    note: Mapped[str] = mapped_column(Text)
    captured_at: Mapped[datetime]
    captured_by: Mapped[str] = mapped_column(Text)


def lead_key(*, organization_id: UUID | None, name: str, country: str) -> str:
    """What says that two leads are about one organization: its id, or country and name, case and spaces aside."""
    return str(organization_id) if organization_id else f"{country}/{' '.join(name.casefold().split())}"


def _refuse_odd_prices(member: Money, standard: Money) -> None:
    if member.currency != standard.currency:
        raise TwoCurrencies(pointer="/prices", member=member.currency, standard=standard.currency)
    if member.minor < 0:
        raise NegativePrice(pointer="/prices/member")
    if standard.minor < member.minor:
        raise MembersPayMore(pointer="/prices/member", member=member, standard=standard)
