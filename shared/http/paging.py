"""Lists in pages that stay right while rows come and go: by the last row seen, never by counting."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Generic, TypeVar

from itsdangerous import BadData, URLSafeSerializer
from sqlalchemy import ColumnElement, Select, and_, inspect, literal, or_, tuple_
from sqlalchemy.orm import InstrumentedAttribute, Session

from shared.http.problems import BadParameter

DEFAULT_LIMIT = 50
MAX_LIMIT = 200

T = TypeVar("T")
Sort = Mapping[str, InstrumentedAttribute[Any] | ColumnElement[Any]]
"""Names callers may sort by; the first is the default, and may begin with "-" for descending."""


@dataclass(frozen=True, kw_only=True)
class Page(Generic[T]):
    """Some items of a list; `next_cursor` is None on the last page."""

    items: list[T]
    next_cursor: str | None = None


@dataclass(frozen=True, kw_only=True)
class PageRequest:
    """Which page the caller wants: `after` is the (sort value, id) of the last row seen."""

    limit: int
    name: str
    column: Any
    descending: bool
    after: tuple[Any, Any] | None
    signer: URLSafeSerializer

    def cursor(self, value: Any, key: Any) -> str:
        """An opaque mark of the row; only this list in this order accepts it."""
        return str(self.signer.dumps([self.order, _plain(value), _plain(key)]))

    @property
    def order(self) -> str:
        return f"-{self.name}" if self.descending else self.name


def read_page_request(query: Mapping[str, str], sort: Sort, *, secret: str, route: str) -> PageRequest:
    """`limit`, `sort` and `cursor` of the query, checked.

    Raises:
        BadParameter: for a limit out of range, an unknown sort, or a cursor that is not ours for this list and order.
    """
    wanted = query.get("sort") or next(iter(sort))
    name, descending = wanted.removeprefix("-"), wanted.startswith("-")
    columns = {known.removeprefix("-"): column for known, column in sort.items()}
    if name not in columns:
        raise BadParameter("sort", "Must be one of: {choices}.", choices=", ".join(columns))
    request = PageRequest(
        limit=_limit(query.get("limit")),
        name=name,
        column=columns[name],
        descending=descending,
        after=None,
        signer=URLSafeSerializer(secret, salt=f"cursor {route}"),
    )
    cursor = query.get("cursor")
    return request if cursor is None else _resume(request, cursor)


def _limit(text: str | None) -> int:
    if text is None:
        return DEFAULT_LIMIT
    if not (text.isascii() and text.isdigit() and len(text) < 10 and 1 <= int(text) <= MAX_LIMIT):  # noqa: PLR2004 -- digits
        raise BadParameter("limit", "Must be a whole number from {min} to {max}.", min=1, max=MAX_LIMIT)
    return int(text)


def _resume(request: PageRequest, cursor: str) -> PageRequest:
    try:
        order, value, key = request.signer.loads(cursor)
    except (BadData, ValueError, TypeError) as error:
        raise BadParameter("cursor", "Not a cursor of this list.") from error
    if order != request.order:
        raise BadParameter("cursor", "The cursor belongs to another order of this list.")
    return replace(request, after=(value, key))


def page(session: Session, statement: Select[Any], request: PageRequest) -> Page[Any]:
    """The rows of `statement`, which selects one mapped class, that follow the last one seen."""
    key = inspect(statement.column_descriptions[0]["entity"]).primary_key[0]
    column = request.column
    if request.after is not None:
        value, last_key = request.after
        statement = statement.where(_beyond(request, key, _typed(value, column), _typed(last_key, key)))
    marked = statement.add_columns(column.label("page_value"), key.label("page_key"))
    rows = session.execute(marked.order_by(*_order(request, key)).limit(request.limit + 1)).all()
    shown = rows[: request.limit]
    further = len(rows) > request.limit
    cursor = request.cursor(shown[-1].page_value, shown[-1].page_key) if further else None
    return Page(items=[row[0] for row in shown], next_cursor=cursor)


def page_of(items: Iterable[T], request: PageRequest, mark: Callable[[T], tuple[Any, Any]]) -> Page[T]:
    """The same of a list that no statement can give; `mark` says an item's sort value and id, each text or a number."""
    placed = sorted(((*mark(item), item) for item in items), key=lambda one: one[:2], reverse=request.descending)
    if request.after is not None:
        last = tuple(request.after)
        placed = [one for one in placed if (one[:2] < last if request.descending else one[:2] > last)]
    shown = placed[: request.limit]
    cursor = request.cursor(*shown[-1][:2]) if len(placed) > request.limit else None
    return Page(items=[one[2] for one in shown], next_cursor=cursor)


def _order(request: PageRequest, key: Any) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
    """Nulls stand last either way; it is only said where there are some, for an index is not read backwards by it."""
    if not request.descending:
        return request.column.asc(), key.asc()
    last = request.column.desc()
    return (last.nulls_last() if getattr(request.column, "nullable", True) else last), key.desc()


def _beyond(request: PageRequest, key: Any, value: Any, last_key: Any) -> ColumnElement[bool]:
    """Rows after the marked one; nulls stand last either way."""
    column = request.column
    if value is None:
        return and_(column.is_(None), key < last_key if request.descending else key > last_key)
    here, mark = tuple_(column, key), tuple_(literal(value, column.type), literal(last_key, key.type))
    beyond = here < mark if request.descending else here > mark
    return or_(beyond, column.is_(None)) if getattr(column, "nullable", True) else beyond


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, int | str | bool) else str(value)


def _typed(value: Any, column: Any) -> Any:
    """What `_plain` made of a value of this column, back as it was."""
    kind = column.type.python_type
    if value is None or isinstance(value, kind):
        return value
    return kind.fromisoformat(value) if issubclass(kind, date) else kind(value)
