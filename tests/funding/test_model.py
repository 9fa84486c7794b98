"""Who is eligible, by standing."""

import pytest

from services.funding.model import NOT_ADMITTED, Eligibility, Member


@pytest.mark.parametrize(
    ("standing", "expected"),
    [
        ("current", Eligibility(eligible=True)),
        ("grace", Eligibility(eligible=True, reasons=("in_grace",))),
        ("suspended", Eligibility(eligible=False, reasons=("suspended",))),
        ("resigned", Eligibility(eligible=False, reasons=("resigned",))),
        ("terminated", Eligibility(eligible=False, reasons=("terminated",))),
    ],
)
def test_standing_decides(standing: str, expected: Eligibility) -> None:
    assert Member(standing=standing).eligibility == expected


def test_nobody_is_eligible_before_admission() -> None:
    assert not NOT_ADMITTED.eligible
    assert NOT_ADMITTED.reasons == ("not_admitted",)
