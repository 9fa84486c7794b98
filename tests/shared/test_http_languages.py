"""Callers are answered in their language, whatever goes wrong."""

import ast
import inspect
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import httpx
import marshmallow
import pytest
from marshmallow import fields, validate

from shared.errors import DomainError
from shared.http.problems import KINDS, Problem
from shared.i18n import gettext, language_of

ROOT = Path(__file__).parents[2]
TRANSLATED = ("es", "pt")


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("es", "es"),
        ("es-419,es;q=0.9,en;q=0.8", "es"),
        ("pt-BR", "pt"),
        ("PT-br;q=0.8, en;q=0.3", "pt"),
        ("en;q=0.5, es;q=0.7, pt;q=0.6", "es"),
        ("es;q=0, pt;q=0.1", "pt"),
        ("fr, de;q=0.9, es;q=0.1", "es"),
        ("fr", "en"),
        ("*", "en"),
        ("", "en"),
        (None, "en"),
        ("es;q=", "en"),
        ("es;q=2, pt", "pt"),
        ("\x00," * 300, "en"),
    ],
)
def test_the_language_the_caller_prefers_of_those_we_speak(header: str | None, language: str) -> None:
    assert language_of(header) == language


def test_every_part_of_a_problem_is_in_the_callers_language(client: httpx.Client) -> None:
    answer = client.post("/v1/notes", json={"title": "x" * 101}, headers={"Accept-Language": "es-AR"})
    assert answer.headers["Content-Language"] == "es"
    assert answer.json()["title"] == "Petición mal formada"
    assert answer.json()["detail"] == "La petición no es válida; véase errors."
    assert answer.json()["errors"][0]["detail"] == "La longitud debe estar entre 1 y 100."
    answer = client.get("/v1/nothing", headers={"Accept-Language": "pt-BR, en;q=0.5"})
    assert answer.json()["detail"] == "Não há nada neste endereço."


def test_a_problem_page_explains_it_in_the_readers_language(client: httpx.Client) -> None:
    answer = client.get("/problems/in-progress", headers={"Accept-Language": "es"})
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert 'lang="es"' in answer.text
    assert "aún está en curso" in answer.text
    assert client.get("/problems/no-such").status_code == 404


def all_subclasses(kind: type[Any]) -> Iterator[type[Any]]:
    for sub in kind.__subclasses__():
        yield sub
        yield from all_subclasses(sub)


def placeholders(text: str) -> set[str]:
    return set(re.findall(r"{(\w+)", text))


def untranslated(messages: set[str], language: str) -> list[str]:
    found = []
    for message in sorted(messages):
        params = {name: f"<{name}>" for name in placeholders(message)}
        text = gettext(language, message, **params)
        if text == message.format(**params) or any(value not in text for value in params.values()):
            found.append(message)
    return found


def import_everything() -> None:
    """So that every refusal in the tree is a subclass we can find; a service's service.py imports all it says."""
    for path in [*ROOT.glob("shared/**/*.py"), *ROOT.glob("services/*/*.py"), *ROOT.glob("services/*/*/*.py")]:
        if "migrations" not in path.parts:
            import_module(".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"))


def said_in_the_source() -> set[str]:
    """Sentences that are given where they are said: what a schema's validator or a parameter's check answers."""
    found = set()
    for path in [*ROOT.glob("shared/**/*.py"), *ROOT.glob("services/**/*.py")]:
        for call in (node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)):
            name = getattr(call.func, "id", getattr(call.func, "attr", ""))
            position = {"BadParameter": 1, "ValidationError": 0}.get(name)
            given = [keyword.value for keyword in call.keywords if keyword.arg == "error"]
            given += call.args[position : position + 1] if position is not None else []
            found |= {str(node.value) for node in given if isinstance(node, ast.Constant)}
    return found


@pytest.mark.parametrize("language", TRANSLATED)
def test_everything_we_refuse_with_is_translated(language: str) -> None:
    import_everything()
    ours = [kind for kind in all_subclasses(DomainError) if kind.__module__.startswith(("shared.", "services."))]
    assert len(ours) > 20
    kinds = [*ours, Problem, *all_subclasses(Problem)]
    titles = {title for _, _, title in KINDS} | {kind.title for kind in [Problem, *all_subclasses(Problem)]}
    messages = {kind.message for kind in kinds if kind.message} | titles | said_in_the_source()
    assert untranslated(messages, language) == []


def test_the_check_finds_a_sentence_without_translation() -> None:
    assert untranslated({"Nobody has ever said this."}, "es") == ["Nobody has ever said this."]


def marshmallow_messages() -> set[str]:
    """Every sentence marshmallow has for input, as it would be said; timedelta and awareness are filled in."""
    kinds = [kind for _, kind in inspect.getmembers(fields, inspect.isclass) if issubclass(kind, fields.Field)]
    found = {text for kind in kinds for key, text in kind.default_error_messages.items() if key != "format"}
    found |= set(marshmallow.Schema.error_messages.values())
    for _, kind in inspect.getmembers(validate, inspect.isclass):
        if issubclass(kind, validate.Validator) and kind is not validate.Range:
            found |= {text for name, text in vars(kind).items() if "message" in name and isinstance(text, str)}
    said = {"obj_type": ("datetime", "date", "time"), "awareness": ("aware", "naive")}
    for name, values in said.items():
        found = {text.replace(f"{{{name}}}", value) for text in found for value in values}
    return found - {
        "Not a valid aware date.",
        "Not a valid aware time.",
        "Not a valid naive date.",
        "Not a valid naive time.",
    }


@pytest.mark.parametrize("language", TRANSLATED)
def test_everything_marshmallow_says_is_translated(language: str) -> None:
    messages = marshmallow_messages()
    assert "Missing data for required field." in messages
    assert untranslated(messages, language) == []


@pytest.mark.parametrize("bounds", [(1, None), (None, 9), (1, 9)])
@pytest.mark.parametrize(("low", "high"), [(True, True), (True, False), (False, True), (False, False)])
def test_every_range_is_said_in_spanish(bounds: tuple[int | None, int | None], *, low: bool, high: bool) -> None:
    check = validate.Range(*bounds, min_inclusive=low, max_inclusive=high)
    with pytest.raises(marshmallow.ValidationError) as caught:
        check(100 if bounds[1] else 0)
    said = gettext("es", str(caught.value.messages[0]))
    assert said.startswith("Debe ser")
    assert "than" not in said
