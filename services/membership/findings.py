"""What is said about rows of a register, in words; each sentence is the key of its translations."""

from services.membership.model import Finding
from shared.i18n import gettext

REASONS = {
    "wrong_number_of_fields": "The row has {found} fields, the header {expected}; a delimiter may stand unquoted.",
    "broken_quoting": "A quote is opened and not closed, or closed in the middle of a field.",
    "odd_quoting": "The quotes are not where they should be; the row was read by itself, look at its texts.",
    "not_decodable": "The row has bytes that are not {encoding}.",
    "nested_value": "The value of {column} is no single one.",
    "nul_character": "The row has a NUL character.",
    "missing": "Nothing stands there, and something must.",
    "bad_date": "{value} is not a day written as the profile says.",
    "unknown_value": "The profile does not say what {value} means.",
    "too_long": "{value} is too long.",
    "key_twice": "Line {line} has the same key and says something else.",
    "bad_identifier": "{value} fails its check; it is kept, and not taken for identity.",
    "bad_email": "{value} is no e-mail address; it is left out.",
    "shared_identifier": "Another organization has the same {scheme} {value}; a person decides.",
    "close_name": "{first} and {second} are in the same place and may be one; a person decides.",
    "same_acronym": "Another organization of the country is known as {acronym} too; a person decides.",
}


def explain(finding: Finding, language: str) -> str:
    """The finding's reason as a sentence in `language`."""
    return gettext(language, REASONS[finding.reason], **finding.params)
