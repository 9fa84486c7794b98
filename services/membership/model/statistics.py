"""Statistic declarations: what each member says once a year, and how it is asked."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from services.membership.model.base import Base
from services.membership.model.members import Member
from services.membership.model.rounds import StatisticRound
from services.membership.model.statistic_files import MOST_FILES, StatisticFile, TooManyFiles, UnknownStatisticFile
from services.membership.plausibility import Figures, Warned
from services.membership.statistic_words import FIGURES, WARNINGS
from shared.contracts.membership import Occasion
from shared.errors import Conflict, Forbidden, NotFound, Rejected, SeveralWrong, Wrong
from shared.ids import uuid7
from shared.money import Money

DeclarationState = Literal["requested", "declared", "questioned", "accepted"]
DeclarationStep = Literal[
    "requested", "declared", "questioned", "accepted", "linked", "unlinked", "file_added", "file_removed"
]
Sex = Literal["women", "men", "other", "unknown"]
Age = Literal["under_18", "18_to_35", "36_to_64", "from_65", "unknown"]


class UnknownStatistic(NotFound):
    message = "There is no statistic declaration {statistic_id}."


class UnknownLink(NotFound):
    message = "There is no such link of this declaration."


class NotDeclarable(Conflict):
    message = "The declaration of {year} was accepted; it can be changed once the secretariat has questioned it."


class NotDecidable(Conflict):
    message = "The declaration is {state}; only a declared one can be decided."


class NotConfirmed(SeveralWrong):
    message = (
        "Figures differ much from the year before; see errors. "
        "Check them, and give the reason as confirmation if they are right."
    )


class BreakdownDiffers(Rejected):
    message = "The parts add up to {sum}, not to the {persons} persons declared; give the rest as unknown."


class BreakdownTwice(Rejected):
    message = "The part {sex}, {age} is given twice."


class LinkRevoked(Forbidden):
    message = "This link was withdrawn; ask the secretariat for a new one."


class LinkRevokedAlready(Conflict):
    message = "The link was withdrawn already."


class StatisticStep(Base):
    """A line of a declaration's history; `figures` are those declared then."""

    __tablename__ = "statistic_steps"

    statistic_id: Mapped[UUID] = mapped_column(
        ForeignKey("statistic_declarations.id", ondelete="CASCADE"), primary_key=True
    )
    number: Mapped[int] = mapped_column(primary_key=True)
    step: Mapped[DeclarationStep] = mapped_column(Text)
    note: Mapped[str]
    figures: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    at: Mapped[datetime]
    by: Mapped[str]


class StatisticLink(Base):
    """A way in without login, for whoever got it; it opens one declaration, until the round closes or it is revoked."""

    __tablename__ = "statistic_links"
    __table_args__ = (Index("ix_statistic_links_statistic_id", "statistic_id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    statistic_id: Mapped[UUID] = mapped_column(ForeignKey("statistic_declarations.id", ondelete="CASCADE"))
    contact_id: Mapped[UUID | None]
    made_at: Mapped[datetime]
    made_by: Mapped[str]
    revoked_at: Mapped[datetime | None]
    revoked_by: Mapped[str | None]

    def ensure_usable(self) -> None:
        """Raises: LinkRevoked."""
        if self.revoked_at:
            raise LinkRevoked

    def revoke(self, *, now: datetime, actor: str) -> None:
        """It opens nothing any more.

        Raises:
            LinkRevokedAlready
        """
        if self.revoked_at:
            raise LinkRevokedAlready
        self.revoked_at, self.revoked_by = now, actor


class StatisticRequest(Base):
    """One time a contact was written to. `step` counts the reminders and the questions; each goes out once."""

    __tablename__ = "statistic_requests"
    __table_args__ = (CheckConstraint("occasion IN ('request', 'reminder', 'question')", name="occasion"),)

    statistic_id: Mapped[UUID] = mapped_column(
        ForeignKey("statistic_declarations.id", ondelete="CASCADE"), primary_key=True
    )
    occasion: Mapped[Occasion] = mapped_column(Text, primary_key=True)
    step: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    link_id: Mapped[UUID] = mapped_column(ForeignKey("statistic_links.id", ondelete="CASCADE"))
    contact_id: Mapped[UUID]
    at: Mapped[datetime]
    by: Mapped[str]


class StatisticDeclaration(Base):
    """What one member says of one year. Figures are None until it was declared; questions and answers take turns."""

    __tablename__ = "statistic_declarations"
    __table_args__ = (
        CheckConstraint("state IN ('requested', 'declared', 'questioned', 'accepted')", name="state"),
        CheckConstraint("(turnover_minor IS NULL) = (turnover_currency IS NULL)", name="turnover"),
        CheckConstraint("state = 'requested' OR persons IS NOT NULL", name="figures"),
        UniqueConstraint("round_id", "member_id"),
        Index("ix_statistic_declarations_member_id_year", "member_id", "year"),
        Index("ix_statistic_declarations_round_id_state", "round_id", "state"),
        Index("ix_statistic_declarations_year_state", "year", "state"),
        Index("ix_statistic_declarations_changed_at_id", "changed_at", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    version: Mapped[int] = mapped_column()
    round_id: Mapped[UUID] = mapped_column(ForeignKey("statistic_rounds.id"))
    member_id: Mapped[UUID] = mapped_column(ForeignKey("members.id"))
    year: Mapped[int]
    state: Mapped[DeclarationState] = mapped_column(Text)
    persons: Mapped[int | None] = mapped_column(BigInteger)
    breakdown: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    workers: Mapped[int | None] = mapped_column(BigInteger)
    turnover_minor: Mapped[int | None] = mapped_column(BigInteger)
    turnover_currency: Mapped[str | None]
    source: Mapped[str] = mapped_column(default="")
    evidence: Mapped[str] = mapped_column(default="")
    warnings: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    confirmation: Mapped[str] = mapped_column(default="")
    question: Mapped[str] = mapped_column(default="")
    changed_at: Mapped[datetime]

    round: Mapped[StatisticRound] = relationship(lambda: StatisticRound, lazy="joined", innerjoin=True)
    member: Mapped[Member] = relationship(lambda: Member, lazy="joined", innerjoin=True)
    history: Mapped[list[StatisticStep]] = relationship(
        lambda: StatisticStep, cascade="all, delete-orphan", order_by=lambda: StatisticStep.number
    )
    requests: Mapped[list[StatisticRequest]] = relationship(
        lambda: StatisticRequest,
        viewonly=True,
        order_by=lambda: (StatisticRequest.at, StatisticRequest.occasion, StatisticRequest.step),
    )
    links: Mapped[list[StatisticLink]] = relationship(
        lambda: StatisticLink, cascade="all, delete-orphan", order_by=lambda: (StatisticLink.made_at, StatisticLink.id)
    )

    files: Mapped[list[StatisticFile]] = relationship(
        lambda: StatisticFile, cascade="all, delete-orphan", order_by=lambda: (StatisticFile.added_at, StatisticFile.id)
    )

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 -- SQLAlchemy's own form

    @property
    def turnover(self) -> Money | None:
        if self.turnover_minor is None or self.turnover_currency is None:
            return None
        return Money(self.turnover_minor, self.turnover_currency)

    @property
    def figures(self) -> Figures | None:
        """What is compared with other years; None until something was declared."""
        if self.persons is None:
            return None
        return Figures(persons=self.persons, workers=self.workers, turnover=self.turnover)

    @property
    def current_files(self) -> list[StatisticFile]:
        """Those that were not taken back."""
        return [one for one in self.files if not one.removed_at]

    def current_file(self, file_id: UUID) -> StatisticFile:
        """Raises: UnknownStatisticFile."""
        found = next((one for one in self.current_files if one.id == file_id), None)
        if not found:
            raise UnknownStatisticFile
        return found

    def ensure_declarable(self) -> None:
        """Raises: NotDeclarable."""
        if self.state == "accepted":
            raise NotDeclarable(year=self.year)

    def add_file(self, added: StatisticFile) -> None:
        """One more file; the history says which.

        Raises:
            TooManyFiles
        """
        if len(self.current_files) >= MOST_FILES:
            raise TooManyFiles(most=MOST_FILES)
        self.files.append(added)
        self.note("file_added", _named(added), added.added_at, added.added_by)

    def remove_file(self, removed: StatisticFile, *, now: datetime, actor: str) -> None:
        """Take a file back; before anything was declared it is gone, afterwards it stays, marked."""
        removed.removed_at, removed.removed_by = now, actor
        if self.state == "requested":
            self.files.remove(removed)
        self.note("file_removed", _named(removed), now, actor)

    def declare(
        self,
        figures: Figures,
        *,
        breakdown: list[dict[str, Any]],
        source: str,
        evidence: str,
        confirmation: str,
        warned: list[Warned],
        now: datetime,
        actor: str,
    ) -> None:
        """Take the figures, or take them again after a question or a second thought.

        Raises:
            NotDeclarable: when they were accepted.
            BreakdownDiffers, BreakdownTwice: when the parts are not the whole.
            NotConfirmed: when something looks odd and no reason is given.
        """
        self.ensure_declarable()
        _check_breakdown(breakdown, figures.persons)
        if warned and not confirmation.strip():
            raise NotConfirmed([_odd(one) for one in warned])
        self.state, self.question = "declared", ""
        self.persons, self.workers = figures.persons, figures.workers
        self.turnover_minor = figures.turnover.minor if figures.turnover else None
        self.turnover_currency = figures.turnover.currency if figures.turnover else None
        self.breakdown, self.source, self.evidence, self.confirmation = breakdown, source, evidence, confirmation
        self.warnings = [vars(one) for one in warned]
        self.note("declared", confirmation, now, actor)

    def accept(self, note: str, *, now: datetime, actor: str) -> None:
        """The figures hold.

        Raises:
            NotDecidable: when nothing new was declared.
        """
        if self.state != "declared":
            raise NotDecidable(state=self.state)
        self.state = "accepted"
        self.note("accepted", note, now, actor)

    def put_question(self, question: str, *, now: datetime, actor: str) -> None:
        """The figures need an answer; also those accepted by mistake.

        Raises:
            NotDecidable: when nothing was declared, or the question is open already.
        """
        if self.state not in {"declared", "accepted"}:
            raise NotDecidable(state=self.state)
        self.state, self.question = "questioned", question
        self.note("questioned", question, now, actor)

    def note(self, step: DeclarationStep, note: str, now: datetime, actor: str) -> None:
        """Add a line to the history, with the figures as they are."""
        number = len(self.history) + 1
        figures = self._snapshot() if step == "declared" else None
        self.history.append(StatisticStep(number=number, step=step, note=note, figures=figures, at=now, by=actor))
        self.changed_at = now

    def _snapshot(self) -> dict[str, Any]:
        turnover = self.turnover and {"amount": self.turnover.amount, "currency": self.turnover.currency}
        facts = {name: getattr(self, name) for name in ("persons", "breakdown", "workers", "source", "evidence")}
        files = [{"name": one.name, "sha256": one.sha256} for one in self.current_files]
        return facts | {"turnover": turnover, "files": files}


def _named(file: StatisticFile) -> str:
    return f"{file.name}, SHA-256 {file.sha256}"


def _odd(warned: Warned) -> Wrong:
    return Wrong("/confirmation", WARNINGS[warned.code], {**warned.params, "label": FIGURES[warned.figure]})


def _check_breakdown(parts: list[dict[str, Any]], persons: int) -> None:
    seen: set[tuple[str, str]] = set()
    for index, part in enumerate(parts):
        if (part["sex"], part["age"]) in seen:
            raise BreakdownTwice(sex=part["sex"], age=part["age"], pointer=f"/breakdown/{index}")
        seen.add((part["sex"], part["age"]))
    total = sum(part["persons"] for part in parts)
    if parts and total != persons:
        raise BreakdownDiffers(sum=total, persons=persons, pointer="/breakdown")
