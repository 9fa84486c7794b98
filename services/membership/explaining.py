"""What speaks for and against a pair, and what a merge did, in words; each sentence is the key of its translations."""

from dataclasses import dataclass
from typing import Any

from services.membership.merging import RULES, Rule
from services.membership.model import Merge, ReviewItem
from services.membership.signals import SENTENCES
from shared.i18n import Language, gettext

KEPT_NOTHING = "Nothing came after the merge: both are as they were."
KEPT_FIELDS = "Changed after the merge, so the survivor keeps them: {fields}."
KEPT_ROWS = "Added after the merge, so the survivor keeps them: {rows}."


@dataclass(frozen=True)
class ExplainedItem:
    """A review item with its signals in the reader's language, those for it first."""

    item: ReviewItem
    signals: list[dict[str, Any]]

    @property
    def version(self) -> int:
        return self.item.version


def explain_item(item: ReviewItem, language: Language) -> ExplainedItem:
    """The item as `language` says it."""
    told = [
        {"code": one["code"], "weight": one["weight"], "text": _sentence(language, one["code"], one["params"])}
        for one in item.signals
    ]
    return ExplainedItem(item, told)


def _sentence(language: Language, code: str, params: dict[str, str]) -> str:
    return gettext(language, SENTENCES[code], **params)


@dataclass(frozen=True)
class ExplainedMerge:
    """A merge with how many rows moved by table, and what stays with the survivor in the reader's language."""

    merge: Merge
    moved: dict[str, int]
    kept_explanation: str

    @property
    def version(self) -> int:
        return self.merge.version


def explain_merge(merge: Merge, language: Language) -> ExplainedMerge:
    """The merge as `language` says it."""
    moved = {name: len(ids) for name, ids in merge.moved.items()}
    return ExplainedMerge(merge, moved, _kept(merge.kept, language) if merge.kept is not None else "")


def explain_rule(rule: Rule, language: Language) -> str:
    """Why a field has its value when nobody chose."""
    return gettext(language, RULES[rule])


def _kept(kept: dict[str, Any], language: Language) -> str:
    said = []
    if kept["fields"]:
        said.append(gettext(language, KEPT_FIELDS, fields=", ".join(kept["fields"])))
    if kept["rows"]:
        rows = ", ".join(f"{count} {table}" for table, count in sorted(kept["rows"].items()))
        said.append(gettext(language, KEPT_ROWS, rows=rows))
    return " ".join(said) or gettext(language, KEPT_NOTHING)
