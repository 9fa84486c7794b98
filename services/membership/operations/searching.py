"""How lists are searched by name."""

from sqlalchemy import ColumnElement, func

from services.membership.model import Organization
from services.membership.names import fold


def name_begins(words: str) -> ColumnElement[bool]:
    """Every word of `words` begins a word of the name, accents and case aside; no word at all finds nothing."""
    beginnings = " & ".join(f"{word}:*" for word in fold(words).split())
    return Organization.search.bool_op("@@")(func.to_tsquery("simple", beginnings))


def name_has(words: str) -> ColumnElement[bool]:
    """Every word of `words` is a word of the name, accents and case aside."""
    return Organization.search.bool_op("@@")(func.to_tsquery("simple", " & ".join(fold(words).split())))
