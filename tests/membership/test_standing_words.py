"""Every rule is explained in three languages."""

import re

import pytest

from services.membership.explanations import QUOTAS, STANDINGS, VOTES, explain_quota, explain_reason, explain_vote
from services.membership.voting import Quota
from shared.i18n import gettext
from tests.membership.courses import a_course, a_fact, an_end, day

SENTENCES = [*STANDINGS.values(), *VOTES.values(), *QUOTAS.values()]


@pytest.mark.parametrize("language", ["es", "pt"])
@pytest.mark.parametrize("sentence", SENTENCES)
def test_a_sentence_is_translated_with_all_it_names(sentence: str, language: str) -> None:
    params = {name: f"<{name}>" for name in re.findall(r"{(\w+)}", sentence)}
    text = gettext(language, sentence, **params)
    assert text != sentence.format(**params)
    assert all(value in text for value in params.values())


def test_the_facts_are_named_in_the_words() -> None:
    late = a_course(a_fact("dues_due", 100, period="2024")).state(day(110))
    assert explain_reason(late.reasons[0], "es") == (
        "La cuota 2024, que vencía el 2024-04-19, está atrasada; si sigue así, queda suspendido desde el 2024-05-20."
    )
    leaving = a_course(an_end(10, 40)).state(day(20))
    assert [explain_reason(each, "en") for each in leaving.reasons] == [
        "Nothing speaks against the member, admitted or reinstated on 2024-01-10.",
        "Its resignation was notified on 2024-01-20; the membership ends on 2024-02-19.",
    ]
    assert explain_reason(a_course().state(day(-1)).reasons[0], "pt") == "Nesse dia não era membro."
    assert explain_vote("suspended", "pt") == "Não pode votar: está suspenso."
    assert explain_quota(Quota(None, "no_statistic"), "es").startswith("Sin estadística")
