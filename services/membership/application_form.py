"""The form of an application: what is asked of which kind of applicant, from application_forms/."""

import re
import tomllib
from collections.abc import Collection, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any, Literal

import msgspec

from shared.contracts.membership import Category
from shared.errors import Wrong

FieldType = Literal["line", "text", "integer", "boolean", "date", "choice", "email"]
Answers = Mapping[str, Any]

_LENGTHS = {"line": 300, "text": 10_000, "email": 254}
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_LARGEST = 10**12
"""Nobody represents more; it keeps a slip of the finger out."""

MISSING = "This has to be answered: {label}"
MISSING_DOCUMENT = "This document is missing: {label}"
MISSING_ENDORSEMENTS = "Members that support it: {given} of {needed}. Record who else does."
UNKNOWN = "The form of this kind does not ask that."
NO_TEXT = "Must be a text."
TOO_LONG = "May have at most {most} characters."
NO_NUMBER = "Must be a whole number between {least} and {most}."
NO_BOOLEAN = "Must be true or false."
NO_DAY = "Must be a day such as 2026-05-04."
NO_CHOICE = "Must be one of {choices}."
NO_EMAIL = "Must be an e-mail address."


class Policy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How long what takes; days and months."""

    silence_days: int
    reminder_days: int
    link_days: int
    files_days: int
    consultation_days_least: int
    consultation_days_most: int
    question_days_most: int


class Kind(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A kind of applicant; `structures` and `degrees` are those of organizations it can be, any where empty."""

    category: Category
    label: str
    structures: tuple[str, ...] = ()
    degrees: tuple[str, ...] = ()
    endorsements: int = 0
    temporary: bool = False


class Field(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A question; asked of all but where categories or kinds are named."""

    name: str
    label: str
    type: FieldType
    categories: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    required: bool = True
    least: int = 0
    most: int = _LARGEST
    choices: dict[str, str] = {}

    def kept(self, value: Any) -> Any:
        """The answer as it is kept: a text without the white space around it, and None where nothing is left."""
        return value.strip() or None if self.type in _LENGTHS and isinstance(value, str) else value

    def fault(self, value: Any) -> tuple[str, dict[str, Any]] | None:
        """What is wrong with an answer, as sentence and parameters."""
        check = _CHECKS.get(self.type, _text_fault)
        return check(self, value)


class Document(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A document of the checklist."""

    kind: str
    label: str
    categories: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    required: bool = True


class Form(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One version of the form."""

    version: int
    policy: Policy
    kinds: dict[str, Kind]
    fields: tuple[Field, ...]
    documents: tuple[Document, ...]

    def fields_of(self, kind: str) -> list[Field]:
        """The questions of a kind, in their order."""
        return [one for one in self.fields if self._concerns(one, kind)]

    def documents_of(self, kind: str) -> list[Document]:
        """The checklist of a kind, in its order."""
        return [one for one in self.documents if self._concerns(one, kind)]

    def kept(self, kind: str, answers: Answers) -> dict[str, Any]:
        """Answers as they are kept; what is not asked stays as it is."""
        asked = {one.name: one for one in self.fields_of(kind)}
        return {name: asked[name].kept(value) if name in asked else value for name, value in answers.items()}

    def faults(self, kind: str, answers: Answers) -> Iterator[Wrong]:
        """What is wrong with those answers that are given; None takes an answer away and is never wrong."""
        asked = {one.name: one for one in self.fields_of(kind)}
        for name, value in answers.items():
            found = (UNKNOWN, {}) if name not in asked else None if value is None else asked[name].fault(value)
            if found:
                yield Wrong(f"/answers/{name}", *found)

    def missing(self, kind: str, answers: Answers, documents: Collection[str], endorsements: int) -> Iterator[Wrong]:
        """One fault for each answer, document and endorsement that an application needs and has not."""
        for field in self.fields_of(kind):
            if field.required and field.kept(answers.get(field.name)) in (None, ""):
                yield Wrong(f"/answers/{field.name}", MISSING, {"label": field.label})
        for document in self.documents_of(kind):
            if document.required and document.kind not in documents:
                yield Wrong(f"/documents/{document.kind}", MISSING_DOCUMENT, {"label": document.label})
        needed = self.kinds[kind].endorsements
        if endorsements < needed:
            yield Wrong("/endorsements", MISSING_ENDORSEMENTS, {"given": endorsements, "needed": needed})

    def _concerns(self, one: Field | Document, kind: str) -> bool:
        of_category = not one.categories or self.kinds[kind].category in one.categories
        return of_category and (not one.kinds or kind in one.kinds)


def _text_fault(field: Field, value: Any) -> tuple[str, dict[str, Any]] | None:
    most = _LENGTHS[field.type]
    if not isinstance(value, str):
        return NO_TEXT, {}
    if len(value) > most:
        return TOO_LONG, {"most": most}
    return (NO_EMAIL, {}) if field.type == "email" and value and not _EMAIL.fullmatch(value) else None


def _integer_fault(field: Field, value: Any) -> tuple[str, dict[str, Any]] | None:
    if type(value) is int and field.least <= value <= field.most:
        return None
    return NO_NUMBER, {"least": field.least, "most": field.most}


def _boolean_fault(_field: Field, value: Any) -> tuple[str, dict[str, Any]] | None:
    return None if isinstance(value, bool) else (NO_BOOLEAN, {})


def _date_fault(_field: Field, value: Any) -> tuple[str, dict[str, Any]] | None:
    return None if day_of(value) else (NO_DAY, {})


def _choice_fault(field: Field, value: Any) -> tuple[str, dict[str, Any]] | None:
    known = isinstance(value, str) and value in field.choices
    return None if known else (NO_CHOICE, {"choices": ", ".join(field.choices)})


_CHECKS = {"integer": _integer_fault, "boolean": _boolean_fault, "date": _date_fault, "choice": _choice_fault}


def day_of(value: Any) -> date | None:
    """The day an answer names, if it names one, as in 2026-05-04."""
    try:
        return date.fromisoformat(value) if isinstance(value, str) and _DAY.fullmatch(value) else None
    except ValueError:
        return None


FORMS = {
    form.version: form
    for path in (Path(__file__).parent / "application_forms").glob("*.toml")
    for form in [msgspec.convert(tomllib.loads(path.read_text("utf-8")), Form)]
}
"""Every version there was: an application keeps to the one it was begun with."""

FORM = FORMS[max(FORMS)]
"""The form new applications are begun with."""
