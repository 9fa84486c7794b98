"""An applicant's own form as a web page: answers, papers, what is missing, how it stands, and what is asked."""

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import Any

from babel.dates import format_date

from services.membership.application_form import Field
from services.membership.web_page import document, notice, whole
from shared.i18n import Language, gettext

WORDS = {
    "title": "{organization}: application for membership",
    "ends": "This page works until {ends_on}. What you save is kept; you can go on on another day.",
    "question": "The secretariat asks: {question}",
    "due": "Please answer by {due_on}. Without an answer by {lapses_on} the application lapses.",
    "your_answer": "Your answer",
    "answer": "Send the answer",
    "save": "Save",
    "submit": "Submit the application",
    "missing": "Still missing",
    "documents": "Documents",
    "remove": "Remove",
    "file": "PDF, PNG, JPEG, DOCX, XLSX or ODT, at most 20 MiB",
    "upload": "Add the document",
    "checks": "How it stands with the conditions of membership",
    "yes": "Yes",
    "no": "No",
    "saved": "Saved.",
    "submitted": "Thank you; the application has arrived.",
    "answered": "Thank you; the answer has arrived.",
}
MARKS = {"passed": "✓", "failed": "✗", "unknown": "?"}
_INPUTS = {"integer": "number", "date": "date", "email": "email"}


@dataclass(frozen=True, kw_only=True)
class Page:
    """What the page shows: the form as the API gives it, the checks, what was typed, and what happened.

    `here` is the form's address as seen from the page's own.
    """

    form: Any
    checks: list[dict[str, Any]]
    typed: Mapping[str, str]
    told: str = ""
    here: str = "form"


def page(of: Page, language: Language) -> str:
    """The whole page."""
    form = of.form
    title = _say("title", language, organization=form.organization_name)
    parts = [
        f"<p><strong>{escape(form.next_action)}</strong></p>",
        f"<p>{_say('ends', language, ends_on=_day(form.ends_on, language))}</p>",
        notice(of.told),
        _question(of, language),
        *((_fields(of, language), _documents(of, language)) if form.editable else ()),
        _list("missing", [escape(one["detail"]) for one in form.missing], language),
        _list("checks", [_check(one) for one in of.checks], language),
    ]
    return document(title, "".join(parts), language)


def read(fields: list[Field], typed: Mapping[str, str]) -> dict[str, Any]:
    """What was typed, as the API takes it; a blank takes an answer away."""
    return {one.name: _value(one, typed[one.name].strip()) for one in fields if one.name in typed}


def _value(field: Field, text: str) -> Any:
    if not text:
        return None
    if field.type == "boolean":
        return {"yes": True, "no": False}.get(text, text)
    return whole(text) if field.type == "integer" else text


def _question(of: Page, language: Language) -> str:
    asked = of.form.question
    if not asked:
        return ""
    days = {name: _day(asked[name], language) for name in ("due_on", "lapses_on")}
    text = '<textarea name="answer" rows="6" cols="60" maxlength="5000" required>'
    label = _say("your_answer", language)
    return (
        f"<p>{_say('question', language, question=asked['question'])}</p><p>{_say('due', language, **days)}</p>"
        f"{_form(of)}<p><label>{label}<br>{text}</textarea></label></p>"
        f"{_button('answer', language)}</form>"
    )


def _fields(of: Page, language: Language) -> str:
    rows = "".join(_row(one, _shown(of, one["name"]), language) for one in of.form.form["fields"])
    both = _button("save", language)
    if of.form.state == "draft":
        both += _button("submit", language)
    return f"{_form(of)}{rows}{both}</form>"


def _shown(of: Page, name: str) -> str:
    kept = of.form.answers.get(name, "")
    known = {True: "yes", False: "no"}[kept] if isinstance(kept, bool) else str(kept)
    return of.typed.get(name, known)


def _row(field: Mapping[str, Any], value: str, language: Language) -> str:
    name, kind = escape(field["name"]), field["type"]
    if kind == "text":
        entry = f'<textarea name="{name}" rows="4" cols="60">{escape(value)}</textarea>'
    elif kind in ("boolean", "choice"):
        entry = _select(name, value, _choices(field, language))
    else:
        entry = f'<input type="{_INPUTS.get(kind, "text")}" name="{name}" value="{escape(value)}">'
    star = " *" if field["required"] else ""
    return f"<p><label>{escape(field['label'])}{star}<br>{entry}</label></p>"


def _choices(field: Mapping[str, Any], language: Language) -> list[tuple[str, str]]:
    if field["type"] == "boolean":
        return [(word, gettext(language, WORDS[word])) for word in ("yes", "no")]
    return [(one["value"], one["label"]) for one in field["choices"]]


def _select(name: str, chosen: str, choices: list[tuple[str, str]]) -> str:
    options = "".join(
        f'<option value="{escape(value)}"{" selected" if value == chosen else ""}>{escape(label)}</option>'
        for value, label in [("", ""), *choices]
    )
    return f'<select name="{name}">{options}</select>'


def _documents(of: Page, language: Language) -> str:
    form = of.form
    labels = {one["kind"]: one["label"] for one in form.form["documents"]}
    there = "".join(
        f"<li>{escape(labels.get(one.kind, one.kind))}: {escape(one.name)} {_form(of)}"
        f'<input type="hidden" name="document_id" value="{one.id}">{_button("remove", language)}</form></li>'
        for one in form.documents
    )
    kinds = _select("kind", "", list(labels.items()))
    file = f'<label>{_say("file", language)}<br><input type="file" name="file" required></label>'
    return (
        f"<h2>{_say('documents', language)}</h2><ul>{there}</ul>"
        f'<form method="post" action="{of.here}/documents" enctype="multipart/form-data"><p>{kinds}</p><p>{file}</p>'
        f"{_button('upload', language)}</form>"
    )


def _list(heading: str, lines: list[str], language: Language) -> str:
    items = "".join(f"<li>{line}</li>" for line in lines)
    return f"<h2>{_say(heading, language)}</h2><ul>{items}</ul>" if lines else ""


def _check(check: Mapping[str, Any]) -> str:
    return f"{MARKS[check['outcome']]} {escape(check['requirement'])} {escape(check['explanation'])}"


def _form(of: Page) -> str:
    return f'<form method="post" action="{of.here}"><input type="hidden" name="version" value="{of.form.version}">'


def _button(word: str, language: Language) -> str:
    return f'<button name="do" value="{word}">{_say(word, language)}</button> '


def _day(day: Any, language: Language) -> str:
    return format_date(day, "long", locale=language)


def _say(word: str, language: Language, **params: object) -> str:
    return escape(gettext(language, WORDS[word], **params))
