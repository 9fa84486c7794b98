"""What is said of how near a member is, in words; each sentence is the key of its translations."""

from services.membership.engagement import Reason
from services.membership.engagement_weights import ActionKind, ReasonKind
from shared.i18n import gettext

REASONS: dict[ReasonKind, str] = {
    "dues_late": "Its dues are late since {since}: {cases}.",
    "statistic_missing": "Its statistic is missing since {since}: {cases}.",
    "contact_unreachable": "Mails to its contacts are refused since {since}; contacts: {count}.",
    "notices_unread": "Notices in its inbox were not read within a month: {count}, the oldest of {since}.",
    "no_registration": "It has registered for no gathering since {since}.",
    "no_benefit": "It has had nothing of its membership since {since}: no member's price, no award, no support.",
    "support_waiting": "It asked for support on {since} and waits for an answer; requests open: {count}.",
    "support_declined": "Support it had asked for was declined on {since}; requests declined: {count}.",
}

ACTIONS: dict[ActionKind, str] = {
    "agree_on_dues": "Agree with the member on how and until when it pays its dues.",
    "help_declare": "Help the member to declare its statistic.",
    "repair_contact": "Find out who can be reached, and correct the contact.",
    "call": "Call the member and ask how it is.",
    "invite": "Invite the member to a gathering that suits it.",
    "offer_benefit": "Show the member what it has of its membership, and offer something.",
    "answer_support": "Answer the support the member asked for.",
    "visit": "Visit the member.",
    "other": "Something else; see the note.",
}


def explain_reason(reason: Reason, language: str) -> str:
    """Why the risk is higher, as a sentence in `language`."""
    cases = ", ".join(reason.cases)
    return gettext(language, REASONS[reason.kind], since=reason.since, cases=cases, count=len(reason.cases))


def explain_action(action: ActionKind, language: str) -> str:
    """What is to be done."""
    return gettext(language, ACTIONS[action])
