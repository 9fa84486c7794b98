"""Tables as they leave the house: columns of a stable name and kind, and their schema for machines. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Literal

Kind = Literal["string", "integer", "number", "date"]
Value = str | int | float | Decimal | date | None


@dataclass(frozen=True)
class Column:
    """A column. Its name stands in the header of every file and is never translated."""

    name: str
    kind: Kind = "string"
    description: str = ""


@dataclass(frozen=True)
class Table:
    """Rows that are made while they are read, each with a value per column; None is an empty cell."""

    name: str
    columns: Sequence[Column]
    rows: Iterable[Sequence[Value]]


def schema(columns: Iterable[Column]) -> dict[str, Any]:
    """The columns as Frictionless Table Schema says them."""
    fields = [{"name": one.name, "type": one.kind, "description": one.description} for one in columns]
    return {"fields": fields, "missingValues": [""]}
