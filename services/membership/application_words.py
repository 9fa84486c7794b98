"""What is said about applications; each sentence is the key of its translations."""

from collections.abc import Mapping
from typing import Any

from services.membership.vocabulary import DEGREES, STRUCTURES
from shared.i18n import Language, gettext

_ALL = "International Cooperative Alliance, who can be a member: all applicants"
_FULL = "International Cooperative Alliance, who can be a member: full members"
_ASSOCIATES = "Cooperativas de las Américas, how to be a member: associate members"
_KINDS = "International Cooperative Alliance and Cooperativas de las Américas: kinds of members"
_DUES = "International Cooperative Alliance, join: dues by persons represented"
_FORM = "Form of application of the Alliance: affiliation to a present member"

RULES = {
    "legal_personality": ("It has legal personality.", _ALL),
    "duly_constituted": ("It is duly constituted under the law of its country.", _ALL),
    "supports_purpose": ("It supports the purpose of the Alliance.", _ALL),
    "accepts_obligations": ("It accepts the obligations of members, the annual subscription included.", _ALL),
    "kind": ("Its structure is one of the kind it applies as.", _KINDS),
    "persons_represented": ("It says how many persons it represents.", _DUES),
    "operates_as_cooperative": ("It operates as a cooperative where it can not have that form.", _FULL),
    "made_of_cooperatives": ("It is mostly made of cooperatives, mutuals, or bodies made of them.", _FULL),
    "several_countries": ("Its member societies are in several countries.", _FULL),
    "controlled_by_cooperatives": ("Cooperatives own or control it.", _ASSOCIATES),
    "promotes_cooperatives": ("It promotes or supports cooperatives.", _ASSOCIATES),
    "limited_time": ("It is entitled to full membership, and an associate for a limited time only.", _ASSOCIATES),
    "endorsement": ("Present members support the application.", _FORM),
}
"""Each rule and its source."""

FOUND = {
    "found_by_staff": "The secretariat looked: {reason}",
    "not_answered": "The application does not say.",
    "no_legal_personality": "It says it has none.",
    "legal_personality_not_proven": "It says so; the proof is missing.",
    "legal_personality_proven": "It says so, and a proof is attached.",
    "gone_from_register": "Its register lists it no longer.",
    "has_identifier": "A valid number of a register or tax office is known.",
    "constituted_by_own_words": "It names law and register; nobody has verified it.",
    "supports_purpose_declared": "It declares so.",
    "supports_purpose_denied": "It says it does not.",
    "accepts_obligations_declared": "It declares that it accepts them.",
    "accepts_obligations_denied": "It says it does not accept them.",
    "kind_of_any_structure": "This kind asks for no particular structure.",
    "structure_unknown": "The structure of the organization is not known.",
    "structure_fits": "It is known as: {known}. That fits.",
    "structure_differs": "It is known as: {known}. That is another kind.",
    "persons_declared": "It represents {persons} persons.",
    "no_persons": "It says it represents nobody.",
    "practice_by_own_words": "It explains how; nobody has verified it.",
    "societies_contradict": "It names {part} of {whole}, which is more than there are.",
    "few_cooperatives": "{part} of {whole} are; more than half have to be.",
    "societies_not_listed": "{part} of {whole} are, it says; their list is missing.",
    "mostly_cooperatives": "{part} of {whole} are, and their list is attached.",
    "several_countries": "They are in {countries} countries.",
    "one_country": "They are in {countries} country only.",
    "controlled": "They have {percent} % of it.",
    "not_controlled": "They have {percent} % of it; more than half is asked.",
    "promotion_by_own_words": "It says how; nobody has verified it.",
    "too_long": "Until {until} is too long; {longest} is the last day possible.",
    "limited": "Until {until}.",
    "endorsed": "{given} present members support it; {needed} are asked.",
    "not_endorsed": "{given} present members support it; {needed} are asked, so some are missing.",
}
"""What was found of a rule, and why."""

NEXT = {
    "draft": "Complete the form and the documents, then submit.",
    "submitted": "Begin the screening.",
    "screening": "Look at the checks, ask what is missing, then consult the members of its country.",
    "more_info_requested": "Wait for the answer to the question, and remind.",
    "consultation": "Wait for the answers of the members consulted.",
    "ready_for_decision": "Take it to the Board, and record what it decides.",
    "approved": "Nothing; it is a member.",
    "rejected": "Nothing; tell the applicant why, if that was not done.",
    "withdrawn": "Nothing; the applicant took it back.",
    "lapsed": "Nothing; the applicant may apply again.",
}
"""What comes next in a state."""

NEXT_OF_APPLICANT = {
    "draft": "Complete the form and the documents, then submit.",
    "submitted": "Nothing for now; the secretariat will look at it.",
    "screening": "Nothing for now; the secretariat is looking at it.",
    "more_info_requested": "Answer the question; answers and documents may be changed until then.",
    "consultation": "Nothing for now; the members of its country are being consulted.",
    "ready_for_decision": "Nothing for now; the Board decides next.",
}
"""The same, as an applicant is told."""

LAPSED = "Nobody answered the question by {due_on}, nor in the {days} days after it."
"""Why an application lapsed, as its history has it."""


def explain_check(stored: Mapping[str, Any], language: Language) -> dict[str, Any]:
    """A check as callers get it: with the rule, its source and the reason in `language`."""
    rule, source = RULES[stored["rule"]]
    return {
        "rule": stored["rule"],
        "outcome": stored["outcome"],
        "code": stored["code"],
        "requirement": gettext(language, rule),
        "source": gettext(language, source),
        "explanation": gettext(language, FOUND[stored["code"]], **_named(stored["params"], language)),
    }


def _named(params: Mapping[str, Any], language: Language) -> dict[str, Any]:
    """Codes of structures and degrees by their names."""
    terms = (STRUCTURES.get(params.get("structure", "")), DEGREES.get(params.get("degree", "")))
    return {**params, "known": ", ".join(term.name(language) for term in terms if term)}
