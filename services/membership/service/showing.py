"""Dues and figures as they are shown: with a sentence for each line, in the caller's language."""

from collections.abc import Iterable, Mapping
from typing import Any

from services.membership.dues_words import explain_line, explain_reason
from services.membership.model import StatisticDeclaration
from services.membership.statistic_words import explain_warning
from shared.i18n import Language
from shared.money import Money


def money(minor: int | None, currency: str | None) -> Money | None:
    """The amount, where there is one."""
    return None if minor is None or currency is None else Money(minor, currency)


def dues_lines(lines: Iterable[Mapping[str, Any]], currency: str, language: Language) -> list[dict[str, Any]]:
    return [
        {
            "kind": line["kind"],
            "amount": Money(line["minor"], currency),
            "explanation": explain_line(line["kind"], line["params"], language),
        }
        for line in lines
    ]


def skipped(reasons: Mapping[str, int], year: int, statistics_year: int, language: Language) -> list[dict[str, Any]]:
    return [
        {"reason": reason, "explanation": explain_reason(reason, year, statistics_year, language), "members": members}
        for reason, members in sorted(reasons.items())
    ]


def warned(warnings: Iterable[Mapping[str, Any]], language: Language) -> list[dict[str, Any]]:
    return [{**warning, "explanation": explain_warning(warning, language)} for warning in warnings]


def figures(declaration: StatisticDeclaration | None) -> StatisticDeclaration | None:
    """The declaration where it has figures."""
    return declaration if declaration and declaration.figures else None
