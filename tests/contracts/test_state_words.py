"""Refusals name states in the caller's language."""

from typing import Any, get_args

import pytest

from services.funding.model import AwardState
from services.membership.model import MoveNotAllowed
from services.membership.model.application_states import ApplicationState
from services.membership.model.bank import LineState
from services.membership.model.campaigns import CampaignState
from services.membership.model.corrections import WriteOffState
from services.membership.model.dues_runs import RunState
from services.membership.model.formulas import FormulaState
from services.membership.model.invoices import InvoiceState
from services.membership.model.prospects import Stage
from services.membership.model.retention import ActionState
from services.membership.model.statistics import DeclarationState
from shared.contracts.membership import Standing
from shared.http.problems import say
from shared.i18n import gettext
from shared.messaging import dead_letters

STATES: list[Any] = [
    ActionState,
    ApplicationState,
    AwardState,
    CampaignState,
    DeclarationState,
    FormulaState,
    InvoiceState,
    LineState,
    RunState,
    Stage,
    Standing,
    WriteOffState,
    dead_letters.State,
]


@pytest.mark.parametrize("language", ["es", "pt"])
@pytest.mark.parametrize("state", sorted({state for states in STATES for state in get_args(states)}))
def test_a_state_has_a_word(state: str, language: str) -> None:
    assert gettext(language, state).startswith("«")


def test_states_are_said_in_the_callers_language_and_codes_in_english() -> None:
    refusal = MoveNotAllowed(stage="lost", wanted="proposal", possible="identified, contacted")
    assert say(refusal, "es") == (
        "Una candidatura en estado «perdido» no puede pasar a «con propuesta». "
        "Ahora es posible: «identificado», «contactado»."
    )
    assert say(refusal, "en") == "A prospect that is lost cannot become proposal. Possible now: identified, contacted."
