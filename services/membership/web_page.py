"""Web pages for people without an account: plain HTML without scripts, for any device and connection."""

from html import escape

from shared.i18n import Language


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
