"""Who may vote on a day, with how many delegates, and why not: derived from the standing, and nowhere stored."""

from datetime import date
from typing import Literal, NamedTuple

from services.membership.policy import Bracket, Policy
from services.membership.standing import IN_GOOD_STANDING, Course, State
from shared.contracts.membership import Category

VoteRule = Literal["votes", "no_member", "ended", "category_without_vote", "suspended", "vote_rests"]
QuotaRule = Literal["bracket", "below_brackets", "no_statistic", "no_vote"]


class Vote(NamedTuple):
    """Whether a member may vote, and what gives or takes the vote."""

    can_vote: bool
    rules: tuple[VoteRule, ...]


class Quota(NamedTuple):
    """How many delegates; None where the persons represented are not known."""

    delegates: int | None
    rule: QuotaRule
    bracket: Bracket | None = None


def is_current(state: State) -> bool:
    """In good standing or within the grace."""
    return state.standing in IN_GOOD_STANDING


def vote(course: Course, state: State, *, category: Category, policy: Policy, on: date) -> Vote:
    """`state` is the course's on that day, `policy` the version in force then."""
    found = tuple(_against(course, state, category=category, policy=policy, on=on))
    return Vote(can_vote=not found, rules=found or ("votes",))


def quota(policy: Policy, vote: Vote, persons: int | None) -> Quota:
    """Delegates by the brackets of `policy` over the persons represented."""
    if not vote.can_vote:
        return Quota(0, "no_vote")
    if persons is None:
        return Quota(None, "no_statistic")
    bracket = policy.bracket(persons)
    return Quota(bracket.delegates, "bracket", bracket) if bracket else Quota(0, "below_brackets")


def _against(course: Course, state: State, *, category: Category, policy: Policy, on: date) -> list[VoteRule]:
    if state.standing is None:
        return ["no_member"]
    if state.standing in ("resigned", "terminated"):
        return ["ended"]
    found: list[VoteRule] = []
    if category not in policy.voting_categories:
        found.append("category_without_vote")
    if state.standing == "suspended":
        found.append("suspended")
    elif any(debt.vote_rests_on <= on for debt in course.debts(on)):
        found.append("vote_rests")
    return found
