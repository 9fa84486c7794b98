"""Letters in three languages."""

from datetime import date

import pytest

from services.comms.templates import Letter, render


def welcome(language: str, organization: str = "Cooperativa $ {x}") -> Letter:
    return render("welcome", language, organization=organization, admitted_on=date(2026, 5, 4))


@pytest.mark.parametrize(
    ("tag", "language", "subject", "day"),
    [
        ("es", "es", "Damos la bienvenida a Cooperativa $ {x}", "4 de mayo de 2026"),
        ("es-AR", "es", "Damos la bienvenida a Cooperativa $ {x}", "4 de mayo de 2026"),
        ("en", "en", "Welcome, Cooperativa $ {x}", "May 4, 2026"),
        ("pt-BR", "pt", "Damos as boas-vindas a Cooperativa $ {x}", "4 de maio de 2026"),
        ("fr", "en", "Welcome, Cooperativa $ {x}", "May 4, 2026"),
        ("", "en", "Welcome, Cooperativa $ {x}", "May 4, 2026"),
    ],
)
def test_the_letter_is_in_the_members_language(tag: str, language: str, subject: str, day: str) -> None:
    letter = welcome(tag)
    assert (letter.language, letter.subject) == (language, subject)
    assert day in letter.text
    assert "$organization" not in letter.text


def test_a_name_with_line_breaks_stays_in_its_place() -> None:
    letter = welcome("es", "Unión\r\nBcc: x\n\nFin")
    assert letter.subject == "Damos la bienvenida a Unión Bcc: x Fin"
    assert letter.text.startswith("Estimadas")
