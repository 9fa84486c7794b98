"""What is said about a standing, a vote and a quota, in words; each sentence is the key of its translations."""

from services.membership.standing import Reason, Rule
from services.membership.voting import Quota, QuotaRule, VoteRule
from shared.i18n import gettext

STANDINGS: dict[Rule, str] = {
    "not_admitted": "On that day it was no member.",
    "good_standing": "Nothing speaks against the member, admitted or reinstated on {since}.",
    "dues_late": "The dues {period}, due on {due_on}, are late; if they stay so, it is suspended from {until} on.",
    "in_arrears": "The dues {period}, due on {due_on}, were not settled within the grace; suspended since {since}.",
    "termination_proposed": "The dues {period}, due on {due_on}, have been owed so long that termination is proposed.",
    "suspended_by_decision": "Suspended by a decision as of {since}.",
    "resignation_notified": "Its resignation was notified on {since}; the membership ends on {until}.",
    "temporary": "Admitted for a time from {since}; the membership ends on {until}.",
    "resigned": "It resigned; it is no member since {since}.",
    "terminated_by_decision": "The membership was terminated by a decision as of {since}.",
    "expelled": "It was expelled as of {since}.",
    "succeeded": "It was merged or split into other organizations as of {since}.",
    "lapsed": "The membership lapsed on {since}: the dues {period}, due on {due_on}, were owed too long.",
    "term_ended": "The time it was admitted for ended on {since}.",
}

VOTES: dict[VoteRule, str] = {
    "votes": "It may vote.",
    "no_member": "It may not vote: it was no member on that day.",
    "ended": "It may not vote: the membership has ended.",
    "category_without_vote": "It may not vote: members of this category have no vote.",
    "suspended": "It may not vote: it is suspended.",
    "vote_rests": "It may not vote: its dues are too late.",
}

QUOTAS: dict[QuotaRule, str] = {
    "bracket": "Delegates by the bracket from {from_persons} persons represented on.",
    "below_brackets": "Fewer persons represented than the lowest bracket asks for.",
    "no_statistic": "No statistic: the persons represented are not known.",
    "no_vote": "No delegates without a vote.",
}


def explain_reason(reason: Reason, language: str) -> str:
    """Why it stands so, as a sentence in `language`."""
    first = reason.facts[0] if reason.facts else None
    sentence = STANDINGS[reason.rule]
    if reason.rule == "good_standing" or not first:
        return gettext(language, sentence, since=reason.since)
    return gettext(
        language, sentence, since=reason.since, until=reason.until, period=first.period, due_on=first.effective_on
    )


def explain_vote(rule: VoteRule, language: str) -> str:
    """What gives or takes the vote."""
    return gettext(language, VOTES[rule])


def explain_quota(quota: Quota, language: str) -> str:
    """Why so many delegates."""
    return gettext(language, QUOTAS[quota.rule], from_persons=quota.bracket.from_persons if quota.bracket else 0)
