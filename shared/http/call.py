"""What a route's method is handed: everything about one call that it may need."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import Engine, Select
from sqlalchemy.orm import Session

from shared.http.auth import Principal
from shared.http.paging import Page, PageRequest, page, page_of
from shared.http.preconditions import IfMatch
from shared.http.request import HttpRequest, Upload
from shared.i18n import Language
from shared.settings import Settings

T = TypeVar("T")


@dataclass(slots=True, kw_only=True)
class Call:
    """One HTTP call, authenticated, checked and loaded.

    `session` is the call's transaction: the kit commits it after the method, or rolls it back when the method raises.
    It takes a database connection only when it is first used. `body` and `query` are what the route's schemas loaded.
    A method that waits or streams uses `engine` with short transactions of its own, not `session`, and ends when
    `closing()` is true: the process stops, or the caller has hung up.
    """

    session: Session
    engine: Engine
    settings: Settings
    principal: Principal
    language: Language
    now: datetime
    request: HttpRequest
    container: Any
    closing: Callable[[], bool]
    body: dict[str, Any] = field(default_factory=dict)
    query: dict[str, Any] = field(default_factory=dict)
    raw: bytes = b""
    upload: Upload | None = None
    if_match: IfMatch = field(default_factory=IfMatch)
    paging: PageRequest | None = None

    @property
    def actor(self) -> str:
        """Who does it: the token's subject; "anonymous" on a public route."""
        return self.principal.subject

    def page(self, statement: Select[Any]) -> Page[Any]:
        """The part of `statement` the caller asked for; the route declares `sort`.

        `statement` selects one mapped class, with its filters and without ORDER BY or LIMIT.
        """
        assert self.paging is not None, "the route declares no sort"
        return page(self.session, statement, self.paging)

    def page_of(self, items: Iterable[T], mark: Callable[[T], tuple[Any, Any]]) -> Page[T]:
        """The part of a computed list the caller asked for, in order of what `mark` says: sort value and id."""
        assert self.paging is not None, "the route declares no sort"
        return page_of(items, self.paging, mark)

    def match(self, aggregate: Any) -> None:
        """Hold the caller's If-Match against the aggregate's `version`, before changing it.

        Raises:
            PreconditionFailed: when the caller has seen another version (412).
        """
        self.if_match.check(aggregate.version)
