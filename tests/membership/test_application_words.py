"""The form, the rules and what comes next are said in three languages."""

import re

import pytest

from services.membership import application_form as form
from services.membership.application_form import FORM, FORMS
from services.membership.application_words import FOUND, LAPSED, NEXT, RULES, explain_check
from services.membership.eligibility import RULES as ALL_RULES
from services.membership.model.application_states import STATES
from shared.i18n import gettext

LABELS = [
    *(kind.label for kind in FORM.kinds.values()),
    *(field.label for field in FORM.fields),
    *(label for field in FORM.fields for label in field.choices.values()),
    *(document.label for document in FORM.documents),
]
FAULTS = [value for name, value in vars(form).items() if name.isupper() and isinstance(value, str)]
SENTENCES = [*LABELS, *FAULTS, *FOUND.values(), *NEXT.values(), *(text for rule in RULES.values() for text in rule)]
SAME = {("es", "Mutual")}


@pytest.mark.parametrize("language", ["es", "pt"])
@pytest.mark.parametrize("sentence", sorted({*SENTENCES, LAPSED}))
def test_a_sentence_is_translated_with_all_it_names(sentence: str, language: str) -> None:
    params = {name: f"<{name}>" for name in re.findall(r"{(\w+)}", sentence)}
    text = gettext(language, sentence, **params)
    assert text != sentence.format(**params) or (language, sentence) in SAME
    assert all(value in text for value in params.values())


def test_every_state_says_what_comes_next_and_every_rule_its_source() -> None:
    assert set(NEXT) == set(STATES)
    assert set(RULES) == set(ALL_RULES)


def test_a_structure_is_named_and_not_coded() -> None:
    stored = {
        "rule": "kind",
        "outcome": "failed",
        "code": "structure_differs",
        "params": {"structure": "national-apex", "degree": "tertiary"},
    }
    assert explain_check(stored, "es")["explanation"] == (
        "Consta como: Organismo cúpula nacional, Tercer grado. Es otro tipo."
    )


def test_every_version_of_the_form_names_only_kinds_it_has() -> None:
    for version, one in FORMS.items():
        assert one.version == version
        named = {kind for part in (*one.fields, *one.documents) for kind in part.kinds}
        assert named <= set(one.kinds)
        for kind in one.kinds:
            assert one.documents_of(kind)
            assert one.fields_of(kind)
