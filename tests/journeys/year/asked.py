"""What the service was asked, and said."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Answer:
    """`at` is an instant at which it was so."""

    path: str
    query: dict[str, Any]
    at: datetime
    said: dict[str, Any]
