"""Pairs of names of which a person said whether they are one organization, and how well they are told apart."""

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from services.membership.matching import close_pairs
from services.membership.scoring import Candidate, Score, score
from shared.ids import uuid7

SHIPPED = Path(__file__).parent / "name_pairs.csv"
COLUMNS = ("language", "country", "first", "second", "same", "about")


class UnreadablePairs(Exception):  # noqa: N818 -- the refusal itself, like the domain's
    """A list that can't be read; the text says where and what would be right."""


@dataclass(frozen=True, kw_only=True)
class LabelledPair:
    """Two names in one place, whether they are `same` by a person's word, and what is special `about` them."""

    language: str
    country: str
    first: str
    second: str
    same: bool
    about: str


@dataclass(frozen=True)
class Judged:
    """What the product says of a labelled pair: whether it would propose it, through the same steps as an import."""

    pair: LabelledPair
    proposed: bool
    score: Score

    @property
    def is_error(self) -> bool:
        return self.proposed != self.pair.same


@dataclass(frozen=True)
class Quality:
    """How a whole list was judged."""

    judged: list[Judged]

    @property
    def proposed(self) -> int:
        return sum(one.proposed for one in self.judged)

    @property
    def same(self) -> int:
        return sum(one.pair.same for one in self.judged)

    @property
    def right(self) -> int:
        """Proposed, and the same."""
        return sum(one.proposed and one.pair.same for one in self.judged)

    @property
    def precision(self) -> float:
        """Of the pairs proposed, the share that are the same."""
        return self.right / self.proposed if self.proposed else 1.0

    @property
    def recall(self) -> float:
        """Of the pairs that are the same, the share proposed."""
        return self.right / self.same if self.same else 1.0

    @property
    def errors(self) -> list[Judged]:
        return [one for one in self.judged if one.is_error]


def read_pairs(path: Path) -> Iterator[LabelledPair]:
    """The pairs of a CSV file with the columns language, country, first, second, same (yes or no), about.

    Raises:
        UnreadablePairs: when a column is missing, or `same` is something else.
    """
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.DictReader(file)
        missing = [column for column in COLUMNS if column not in (rows.fieldnames or ())]
        if missing:
            raise UnreadablePairs(f"{path} has no column {', '.join(missing)}; it needs {', '.join(COLUMNS)}")
        for row in rows:
            said = (row.pop("same") or "").strip().lower()
            if said not in {"yes", "no"}:
                raise UnreadablePairs(f"{path}, line {rows.line_num}: same is {said!r}, and must be yes or no")
            facts = {name: row[name] or "" for name in COLUMNS if name != "same"}
            yield LabelledPair(**facts, same=said == "yes")


def judge(pairs: Iterable[LabelledPair]) -> Quality:
    """Judge each pair as two organizations of one place, from two registers, of which the names alone are known."""
    return Quality([_judge(pair) for pair in pairs])


def _judge(pair: LabelledPair) -> Judged:
    place = f"{pair.country}/here"
    a, b = (
        Candidate(id=uuid7(), name=name, country=pair.country, place=place, register=register)
        for name, register in ((pair.first, "one"), (pair.second, "other"))
    )
    proposed = next(close_pairs([a, b], {a.id, b.id}), None)
    return Judged(pair, proposed is not None, score(a, b))
