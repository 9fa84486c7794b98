"""What is said on charts and about reasons of leaving; each sentence is the key of its translations."""

from services.membership.standing import Rule

REASONS: dict[Rule, str] = {
    "resigned": "Resigned",
    "terminated_by_decision": "Terminated by a decision",
    "expelled": "Expelled",
    "succeeded": "Merged or split",
    "lapsed": "Lapsed by arrears",
    "term_ended": "Term ended",
}

STAGES = {
    "identified": "Identified",
    "contacted": "Contacted",
    "qualified": "Qualified",
    "proposal": "Proposal made",
    "applied": "Applied",
    "admitted": "Admitted",
}

WORDS = {
    "movement": (
        "Members who joined and left, {since} to {until}",
        (
            "Columns for each part of the period, those who joined upwards and those who left downwards; the number "
            "above is of members at its end. {at_start} members before, {joined} joined, {left} left, "
            "{at_end} members after."
        ),
        "Period; above each column, the members at its end",
        "Members",
    ),
    "countries": (
        "Members who joined and left by country, {since} to {until}",
        (
            "A bar for each country, those who joined to the right and those who left to the left; the number beside "
            "it is the difference. In all {joined} joined and {left} left."
        ),
        "Country",
        "Members",
    ),
    "retention": (
        "Members still there on {until}, by year of joining",
        (
            "A bar for each year of joining: the part of those who joined then that were members on {until}, when "
            "there were {at_end} members."
        ),
        "Joined in",
        "Still members",
    ),
    "funnel": (
        "Prospects opened from {since} to {until}, by stage reached",
        "A bar for each stage: how many of the {opened} prospects opened in the period came to it or beyond.",
        "Stage",
        "Prospects",
    ),
    "dues": (
        "Dues collected from {since} to {until}, by currency",
        (
            "A bar for each currency: the part collected of what there was to collect, which is what was owed before "
            "the period and what was billed in it."
        ),
        "To collect",
        "Collected",
    ),
}
"""Of each chart the title, the description, and the names of its axes: labels, then values."""

NO_MEMBERS = "Nothing happened in this period."
