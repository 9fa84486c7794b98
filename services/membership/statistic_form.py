"""The statistic form as a web page."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from html import escape
from typing import Any

from babel.dates import format_date

from services.membership.model import StatisticDeclaration, StatisticFile
from services.membership.statistic_words import FIGURES
from services.membership.web_page import document, notice, together, whole
from shared.errors import Rejected
from shared.i18n import Language, gettext
from shared.money import DIGITS

_WRITTEN = re.compile(r"(.+?)(?:([.,])([0-9]{1,2}))?")
_THOUSAND_PARTS = 3
"""Where a currency has three decimals, 1.500 may be one and a half."""

SEXES = {"women": "Women among them", "men": "Men among them", "other": "Other persons among them"}

AGES = {
    "women": {
        "under_18": "Women under 18",
        "18_to_35": "Women from 18 to 35",
        "36_to_64": "Women from 36 to 64",
        "from_65": "Women from 65",
    },
    "men": {
        "under_18": "Men under 18",
        "18_to_35": "Men from 18 to 35",
        "36_to_64": "Men from 36 to 64",
        "from_65": "Men from 65",
    },
    "other": {
        "under_18": "Other persons under 18",
        "18_to_35": "Other persons from 18 to 35",
        "36_to_64": "Other persons from 36 to 64",
        "from_65": "Other persons from 65",
    },
}
_BY_AGE = {f"{sex}_{age}": label for sex, ages in AGES.items() for age, label in ages.items()}
"""Each field of an age, with its label."""

WORDS = {
    "title": "{organization}: figures of {year}",
    "until": "Please send the form by {due_on}; it works until {closes_on}.",
    "question": "The secretariat asks: {question}",
    "before": "{year}: {value}",
    "currency": "Currency",
    "source": "Where do the figures come from?",
    "evidence": "Where can they be seen (address or document)?",
    "confirmation": "If something differs much from the year before: why?",
    "ages": "By age, as far as it is known",
    "send": "Send",
    "files": "Files that show the figures",
    "file": "PDF, PNG, JPEG, DOCX, XLSX or ODT, at most 20 MiB",
    "attach": "Add the file",
    "remove": "Remove",
    "attached": "The file is added. Send the figures as well, if you have not yet.",
    "removed": "The file is removed.",
    "no_file": "Choose a file first.",
    "thanks": "Thank you; the figures have arrived. Until they are accepted you can correct them here.",
    "accepted": "The figures were accepted; there is nothing more to do.",
}


class AgesExceed(Rejected):
    message = "The ages of one sex add up to {sum}, more than the {persons} persons of it; correct one of them."


@dataclass(frozen=True, kw_only=True)
class Form:
    """What the page shows: what was typed, or else what is known; `notice` says what happened."""

    declaration: StatisticDeclaration
    previous: StatisticDeclaration | None
    typed: Mapping[str, str]
    notice: str = ""


def page(form: Form, language: Language) -> str:
    """The whole page."""
    declaration = form.declaration
    title = _say("title", language, organization=declaration.member.organization.name, year=declaration.year)
    if declaration.state == "accepted":
        return document(title, f"<p>{_say('accepted', language)}</p>", language)
    days = {
        name: format_date(getattr(declaration.round, name), "long", locale=language) for name in ("due_on", "closes_on")
    }
    parts = [f"<p>{_say('until', language, **days)}</p>"]
    if declaration.question:
        parts.append(f"<p><strong>{_say('question', language, question=declaration.question)}</strong></p>")
    return document(title, "".join([*parts, notice(form.notice), _fields(form, language)]), language)


def known(declaration: StatisticDeclaration | None) -> dict[str, str]:
    """The fields of the form as they were declared."""
    if declaration is None or declaration.persons is None:
        return {}
    turnover = declaration.turnover
    fields = {
        "persons": str(declaration.persons),
        "workers": "" if declaration.workers is None else str(declaration.workers),
        "turnover": turnover.amount if turnover else "",
        "currency": turnover.currency if turnover else "",
        "source": declaration.source,
        "evidence": declaration.evidence,
        "confirmation": declaration.confirmation,
    }
    parts = dict.fromkeys([*SEXES, *_BY_AGE], 0)
    for part in declaration.breakdown:
        for name in (part["sex"], f"{part['sex']}_{part['age']}"):
            if name in parts:
                parts[name] += part["persons"]
    return fields | {name: str(persons) for name, persons in parts.items() if persons}


def proposed(previous: StatisticDeclaration | None) -> dict[str, str]:
    """What a new form begins with: last year's figures, but not last year's reasons and documents."""
    return {name: value for name, value in known(previous).items() if name not in {"confirmation", "evidence"}}


def read(typed: Mapping[str, str]) -> dict[str, Any]:
    """What was typed, as the API takes it. Persons of no sex named are given as unknown, so that the parts are whole.

    What is no number stays as it is: the API's own check says so.

    Raises:
        AgesExceed
    """
    given = {name: value.strip() for name, value in typed.items() if value.strip()}
    figures: dict[str, Any] = {name: whole(given[name]) for name in ("persons", "workers") if name in given}
    figures |= {name: given[name] for name in _TEXTS if name in given}
    if "turnover" in given:
        named = {"currency": given["currency"]} if "currency" in given else {}
        figures["turnover"] = {"amount": _amount(given["turnover"], given.get("currency", "")), **named}
    found = _parts(given)
    _ensure_rest(found, given)
    parts = [part for _, part in found]
    numbers = [part["persons"] for part in parts] + [figures.get("persons")]
    if parts and all(isinstance(number, int) for number in numbers):
        rest = figures["persons"] - sum(part["persons"] for part in parts)
        parts += [{"sex": "unknown", "persons": rest}] if rest > 0 else []
    return figures | ({"breakdown": parts} if parts else {})


def labels(typed: Mapping[str, str]) -> dict[str, str]:
    """What the page calls each field that may be wrong, by where `read` puts it."""
    named = FIGURES | {name: WORDS[name] for name in _TEXTS}
    named |= {"turnover/amount": FIGURES["turnover"], "turnover/currency": WORDS["currency"]}
    asked = SEXES | _BY_AGE
    return named | {f"breakdown/{number}/persons": asked[name] for number, (name, _) in enumerate(_parts(typed))}


def _parts(typed: Mapping[str, str]) -> list[tuple[str, dict[str, Any]]]:
    """Each part that was typed, after its field; of a sex, those of no age named are of an unknown one."""
    found: list[tuple[str, dict[str, Any]]] = []
    for sex, ages in AGES.items():
        of_age = {f"{sex}_{age}": age for age in ages if typed.get(f"{sex}_{age}", "").strip()}
        counts = {name: whole(typed[name].strip()) for name in of_age}
        found += [(name, {"sex": sex, "age": age, "persons": counts[name]}) for name, age in of_age.items()]
        total = typed.get(sex, "").strip()
        rest = _rest(whole(total), list(counts.values())) if total else 0
        found += [(sex, {"sex": sex, "persons": rest})] if rest or (total and not counts) else []
    return found


def _rest(total: int | str, counts: list[int | str]) -> int | str:
    """Below nothing where the ages are more than the whole."""
    numbers = [count for count in counts if isinstance(count, int)]
    if not isinstance(total, int) or len(numbers) < len(counts):
        return total
    return total - sum(numbers)


def _ensure_rest(parts: Iterable[tuple[str, dict[str, Any]]], given: Mapping[str, str]) -> None:
    for name, part in parts:
        rest = part["persons"]
        if isinstance(rest, int) and rest < 0:
            total = int(whole(given[name]))
            raise AgesExceed(sum=total - rest, persons=total)


def _amount(text: str, currency: str) -> str:
    """With a point before the decimals, as the API takes it, whether people write 1.234,50 or 1,234.50."""
    written = _WRITTEN.fullmatch(text)
    if not written or DIGITS.get(currency) == _THOUSAND_PARTS:
        return text
    units, sign, decimals = written[1], written[2] or "", written[3] or ""
    return text if sign and sign in units else together(units) + (f".{decimals}" if decimals else "")


def _say(word: str, language: Language, **params: object) -> str:
    return escape(gettext(language, WORDS[word], **params))


def _fields(form: Form, language: Language) -> str:
    before = known(form.previous)
    labels = {name: gettext(language, label) for name, label in (FIGURES | SEXES).items()}
    rows = [_row(form, name, labels[name], before, kind="number") for name in ("persons", *SEXES)]
    rows += [
        _ages(form, before, language),
        _row(form, "workers", labels["workers"], before, kind="number"),
        _row(form, "turnover", labels["turnover"], before, kind="text"),
        _currencies(form.typed.get("currency") or before.get("currency", ""), language),
        *(_row(form, name, gettext(language, WORDS[name]), {}, kind="text") for name in _TEXTS),
    ]
    version = f'<input type="hidden" name="version" value="{form.declaration.version}">'
    send = f'<p><button name="do" value="send">{_say("send", language)}</button></p>'
    rows += [_files(form.declaration.current_files, language), send]
    return f'<form method="post" enctype="multipart/form-data">{_BY_ENTER}{version}{"".join(rows)}</form>'


_BY_ENTER = '<button name="do" value="send" hidden></button>'
"""The first button of a form is what the enter key presses; no file is to be removed by it."""


def _files(files: list[StatisticFile], language: Language) -> str:
    there = "".join(f"<li>{_file(one, language)}</li>" for one in files)
    attach = f'<button name="do" value="attach" formnovalidate>{_say("attach", language)}</button>'
    return (
        f"<h2>{_say('files', language)}</h2><ul>{there}</ul>"
        f'<p><label>{_say("file", language)}<br><input type="file" name="file"></label> {attach}</p>'
    )


def _file(file: StatisticFile, language: Language) -> str:
    named = f"{escape(file.name)} ({-(-file.size // 1024)} KiB)"
    remove = f'<button name="remove" value="{file.id}" formnovalidate>{_say("remove", language)}</button>'
    return f"{named} {remove}" if file.removable else named


_TEXTS = ("source", "evidence", "confirmation")


def _ages(form: Form, before: Mapping[str, str], language: Language) -> str:
    """Folded away for those who do not know them."""
    rows = (_row(form, name, gettext(language, label), before, kind="number") for name, label in _BY_AGE.items())
    shown = " open" if any(form.typed.get(name) for name in _BY_AGE) else ""
    return f"<details{shown}><summary>{_say('ages', language)}</summary>{''.join(rows)}</details>"


def _row(form: Form, name: str, label: str, before: Mapping[str, str], *, kind: str) -> str:
    value = escape(form.typed.get(name, ""))
    needed = ' min="0" step="1"' if kind == "number" else ' maxlength="2000"'
    needed += " required" if name == "persons" else ""
    hint = ""
    if form.previous and before.get(name):
        hint = f" <small>{form.previous.year}: {escape(before[name])}</small>"
    return f'<p><label>{escape(label)}<br><input type="{kind}" name="{name}" value="{value}"{needed}></label>{hint}</p>'


def _currencies(chosen: str, language: Language) -> str:
    options = "".join(
        f"<option{' selected' if currency == chosen else ''}>{currency}</option>" for currency in ["", *sorted(DIGITS)]
    )
    return f'<p><label>{_say("currency", language)}<br><select name="currency">{options}</select></label></p>'
