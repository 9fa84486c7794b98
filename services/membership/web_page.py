"""Web pages for people without an account: plain HTML without scripts, for any device and connection."""

import re
from html import escape

from shared.i18n import Language

_DIGITS = 15
_APART = re.compile(r"[1-9][0-9]{0,2}([.,'\u2019\s])[0-9]{3}(?:\1[0-9]{3})*")


def document(title: str, body: str, language: Language) -> str:
    """A page with this title; both are HTML already."""
    return (
        f'<!doctype html><html lang="{language}"><meta charset="utf-8"><title>{title}</title>'
        '<meta name="viewport" content="width=device-width"><meta name="referrer" content="no-referrer">'
        f'<link rel="stylesheet" href="/docs/docs.css"><main><h1>{title}</h1>{body}</main></html>'
    )


def notice(text: str) -> str:
    """What just happened, or why it did not; nothing where there is no text."""
    return f'<p role="alert"><strong>{escape(text)}</strong></p>' if text else ""


def whole(text: str) -> int | str:
    """The number that was typed, or the text where it is none: the API's own check says so."""
    digits = together(text)
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= _DIGITS else text


def together(text: str) -> str:
    """Thousands that stand apart by one same sign, as people write them, as one number."""
    return re.sub(r"[^0-9]", "", text) if _APART.fullmatch(text) else text
