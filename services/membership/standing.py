"""Where a member stands on any day: a pure function of what is recorded of it and of the policy, and nowhere stored.

The schedule announces what this says and never decides it. The answer depends on the set of facts alone: their order
and repetition change nothing, and on one day a reinstatement prevails over a suspension, a withdrawal over a notice.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime
from functools import cached_property
from typing import Literal, NamedTuple

from services.membership.facts import Debt, Fact, Kind
from services.membership.policy import Policy, in_force, months_after
from shared.contracts.membership import Standing

Rule = Literal[
    "not_admitted",
    "good_standing",
    "dues_late",
    "in_arrears",
    "termination_proposed",
    "suspended_by_decision",
    "resignation_notified",
    "temporary",
    "resigned",
    "terminated_by_decision",
    "expelled",
    "succeeded",
    "lapsed",
    "term_ended",
]
"""Why. `lapsed` is the end by arrears alone; dues late, a notice and a term are told beside what decides."""

IN_GOOD_STANDING: tuple[Standing, ...] = ("current", "grace")
"""Standings of a member with all its rights: its dues are paid, or not yet late beyond the grace."""

_ENDS: dict[Kind, Rule] = {
    "terminated": "terminated_by_decision",
    "expelled": "expelled",
    "succeeded": "succeeded",
}


class Reason(NamedTuple):
    """A rule that holds since a day, the facts and the policy it rests on, and when it ends or has its consequence."""

    rule: Rule
    since: date
    facts: tuple[Fact, ...] = ()
    policy: int | None = None
    until: date | None = None


class State(NamedTuple):
    """The standing on a day, None before admission; the first reason decides, the others are worth knowing."""

    standing: Standing | None
    reasons: tuple[Reason, ...]

    @property
    def proposed_on(self) -> date | None:
        """Since when termination is proposed."""
        return min((each.since for each in self.reasons if each.rule == "termination_proposed"), default=None)


class Change(NamedTuple):
    """From `on` on the state is another."""

    on: date
    state: State


class Course:
    """The facts of one membership as known at an instant (None: all), ready to be asked about any day."""

    def __init__(self, facts: Iterable[Fact], policies: Iterable[Policy], *, known_at: datetime | None = None) -> None:
        known = {one.id: one for one in facts if known_at is None or one.recorded_at <= known_at}
        self._known = tuple(known.values())
        voided = {one.voids for one in self._known if one.kind == "voided"}
        self._policies = [
            one for one in policies if known_at is None or one.recorded_at is None or one.recorded_at <= known_at
        ]
        self._facts: dict[Kind, list[Fact]] = defaultdict(list)
        for one in sorted(self._known, key=lambda fact: (fact.effective_on, fact.id)):
            if one.kind != "voided" and one.id not in voided:
                self._facts[one.kind].append(one)

    @property
    def admitted_on(self) -> date | None:
        """The day the membership began, if it was admitted at all."""
        return self._admission.effective_on if self._admission else None

    def state(self, on: date) -> State:
        """Where the member stands on a day, and why."""
        if self._admission is None or on < self._admission.effective_on:
            return State(None, (Reason("not_admitted", date.min),))
        if self._end and self.ended(on):
            return State(self._end.standing, (self._end.reason,))
        notes = (*self._notices(on), *self._terms(on))
        suspension = self._suspension(on)
        debts = self.debts(on)
        arrears = tuple(_arrears(debts, on))
        late = tuple(_late(one) for one in debts if on < one.suspended_on)
        if suspension:
            return State("suspended", (suspension, *arrears, *late, *notes))
        if arrears:
            return State("suspended", (*arrears, *late, *notes))
        if late:
            return State("grace", (*late, *notes))
        return State("current", (Reason("good_standing", *self._good_since(on)), *notes))

    def ended(self, on: date) -> Reason | None:
        """Why it is no member on a day on which it was one before; the same as the first reason of that day's state."""
        return self._end.reason if self._end and self._end.reason.since <= on else None

    def with_fact(self, fact: Fact) -> "Course":
        """What it would be if that were recorded too."""
        return Course([*self._known, fact], self._policies)

    def changes(self) -> list[Change]:
        """Every day, past or to come, from which on the standing is another; the first is the admission."""
        return list(self._differences(lambda state: state.standing))

    def wakes_on(self, after: date) -> date | None:
        """The next day on which the standing, or whether termination is proposed, will be another by itself."""
        found = self._differences(lambda state: (state.standing, state.proposed_on))
        return next((each.on for each in found if each.on > after), None)

    def notice(self, on: date) -> Reason | None:
        """The resignation under way on a day: notified, not withdrawn, not come into effect."""
        return next(iter(self._notices(on)), None)

    def debt(self, period: str) -> Debt | None:
        """What is recorded of a period's dues."""
        return next((one for one in self._debts if one.due.period == period), None)

    def debts(self, on: date) -> list[Debt]:
        """Dues that are late on a day, the oldest first."""
        return [one for one in self._debts if one.is_open(on)]

    def _differences(self, seen: Callable[[State], object]) -> Iterator[Change]:
        before: object = None
        for day in sorted(self._days):
            state = self.state(day)
            if state.standing and seen(state) != before:
                yield Change(day, state)
                before = seen(state)

    @cached_property
    def _admission(self) -> Fact | None:
        return next(iter(self._facts["admitted"]), None)

    @cached_property
    def _days(self) -> set[date]:
        """Every day on which a state may begin; between two of them nothing changes."""
        kinds: tuple[Kind, ...] = ("admitted", "suspended", "reinstated")
        days = {one.effective_on for kind in kinds for one in self._facts[kind]}
        for one in self._debts:
            days |= {one.late_on, one.suspended_on, one.proposed_on, one.closed_on}
        if self._end:
            days.add(self._end.reason.since)
        return days - {date.max}

    @cached_property
    def _debts(self) -> list[Debt]:
        """One per period: of several due days the first counts, of several settlements too."""
        if not self._facts["dues_due"]:
            return []
        due = {one.period: one for one in reversed(self._facts["dues_due"])}
        settled = {one.period: one.effective_on for one in reversed(self._facts["dues_settled"])}
        return [
            Debt(one, min(settled.get(period, date.max), self._forgiven_on(one)), self._policy(one.effective_on))
            for period, one in sorted(due.items(), key=lambda pair: (pair[1].effective_on, pair[0]))
        ]

    def _forgiven_on(self, due: Fact) -> date:
        """Who is reinstated starts anew: what was due before weighs no more, though it may still be owed."""
        return next(
            (one.effective_on for one in self._facts["reinstated"] if one.effective_on > due.effective_on), date.max
        )

    def _policy(self, on: date) -> Policy:
        return in_force(self._policies, on)

    def _good_since(self, on: date) -> tuple[date, tuple[Fact, ...]]:
        """The admission and, where there was one, the last reinstatement."""
        assert self._admission
        back = [one for one in self._facts["reinstated"] if one.effective_on <= on][-1:]
        return max([self._admission.effective_on, *(one.effective_on for one in back)]), (self._admission, *back)

    def _suspension(self, on: date) -> Reason | None:
        back = max((one.effective_on for one in self._facts["reinstated"] if one.effective_on <= on), default=date.min)
        found = tuple(one for one in self._facts["suspended"] if back < one.effective_on <= on)
        return Reason("suspended_by_decision", found[0].effective_on, found) if found else None

    def _resignations(self) -> Iterator[Reason]:
        """Notices nobody withdrew in time; `until` is the first day without membership."""
        for one in self._facts["resigned"]:
            policy = self._policy(one.effective_on)
            until = one.until or months_after(one.effective_on, policy.resignation_notice_months)
            withdrawn = self._facts["resignation_withdrawn"]
            if not any(one.effective_on <= other.effective_on < until for other in withdrawn):
                yield Reason("resignation_notified", one.effective_on, (one,), policy.version, until)

    def _notices(self, on: date) -> list[Reason]:
        return [each for each in self._resignations() if each.since <= on and each.until and on < each.until]

    @cached_property
    def _term(self) -> Reason | None:
        """The term that counts: a later one takes the place of one that has not ended."""
        found: Reason | None = None
        for one in self._facts["temporary"]:
            if found and found.until and found.until <= one.effective_on:
                break
            policy = self._policy(one.effective_on)
            until = one.until or months_after(one.effective_on, policy.temporary_months)
            found = Reason("temporary", one.effective_on, (one,), policy.version, until)
        return found

    def _terms(self, on: date) -> list[Reason]:
        return [self._term] if self._term and self._term.since <= on else []

    @cached_property
    def _end(self) -> "_End | None":
        """The first end there is; what is recorded for later days changes nothing any more."""
        return min(self._ends(), key=lambda end: (end.reason.since, end.standing, end.reason.rule), default=None)

    def _ends(self) -> Iterator["_End"]:
        for kind, rule in _ENDS.items():
            for one in self._facts[kind]:
                yield _End("terminated", Reason(rule, one.effective_on, (one,)))
        for notice in self._resignations():
            if notice.until:
                yield _End("resigned", notice._replace(rule="resigned", since=notice.until, until=None))
        if self._term and self._term.until:
            yield _End("terminated", self._term._replace(rule="term_ended", since=self._term.until, until=None))
        for debt in self._debts:
            if debt.lapsed_on:
                yield _End("terminated", Reason("lapsed", debt.lapsed_on, (debt.due,), debt.policy.version))


class _End(NamedTuple):
    """An end of the membership, from the day its reason holds."""

    standing: Standing
    reason: Reason


def _late(debt: Debt) -> Reason:
    return Reason("dues_late", debt.late_on, (debt.due,), debt.policy.version, debt.suspended_on)


def _arrears(debts: Sequence[Debt], on: date) -> Iterator[Reason]:
    """The oldest debt first, then what is proposed because of it."""
    due = [one for one in debts if one.suspended_on <= on]
    for one in due:
        yield Reason("in_arrears", one.suspended_on, (one.due,), one.policy.version, one.lapsed_on)
    for one in due:
        if one.proposed_on <= on:
            yield Reason("termination_proposed", one.proposed_on, (one.due,), one.policy.version, one.lapsed_on)
