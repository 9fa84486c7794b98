"""Every reason and action is told in three languages, with all it names."""

import re

import pytest

from services.membership.engagement import Reason
from services.membership.engagement_weights import REASON_KINDS, ReasonKind
from services.membership.engagement_words import ACTIONS, REASONS, explain_action, explain_reason
from shared.i18n import gettext
from tests.membership.signals import day


@pytest.mark.parametrize("language", ["es", "pt"])
@pytest.mark.parametrize("sentence", [*REASONS.values(), *ACTIONS.values()])
def test_a_sentence_is_translated_with_all_it_names(sentence: str, language: str) -> None:
    params = {name: f"<{name}>" for name in re.findall(r"{(\w+)}", sentence)}
    text = gettext(language, sentence, **params)
    assert text != sentence.format(**params)
    assert all(value in text for value in params.values())


@pytest.mark.parametrize("kind", REASON_KINDS)
def test_a_reason_tells_its_day(kind: ReasonKind) -> None:
    text = explain_reason(Reason(kind, 5, day(0), ("a", "b")), "en")
    assert "2023-01-10" in text


def test_reasons_and_actions_are_named_in_the_words() -> None:
    late = Reason("dues_late", 50, day(0), ("2025", "2026"))
    assert explain_reason(late, "es") == "Sus cuotas están atrasadas desde el 2023-01-10: 2025, 2026."
    unread = Reason("notices_unread", 10, day(0), ("a", "b"))
    assert explain_reason(unread, "en").endswith("within a month: 2, the oldest of 2023-01-10.")
    assert explain_action("visit", "pt") == "Visitar o membro."
