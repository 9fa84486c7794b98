"""What a failure calls for: nothing the event can help (wait), nothing that lasts (again), a refusal, or a fault."""

from collections.abc import Iterator
from enum import Enum

import psycopg
from sqlalchemy import exc

from shared.errors import DomainError
from shared.messaging.dead_letters import Failure, Kind
from shared.messaging.wire import Unreadable


class Remedy(Enum):
    """What to do about a failure."""

    WAIT = "the database is away: pause, the event is not to blame"
    AGAIN = "two transactions got in each other's way: at once again"
    BURY = "it will never be accepted: dead letter at once"
    RETRY = "it may pass: later again"


_CLASHES = ("40001", "40P01")
# Connection trouble, resources used up, operator intervention (but for a cancelled statement), a standby promoted late.
_AWAY = ("08", "53", "57P", "58", "25006")


class SwallowedError(Exception):
    """The handler went on after a database error, so that its transaction could only be rolled back."""


def remedy(error: BaseException) -> Remedy:
    """What to do about `error`, judged by it and by the errors it was raised from."""
    chain = list(_chain(error))
    if any(_is_outage(link) for link in chain):
        return Remedy.WAIT
    if any(_state(link) in _CLASHES for link in chain):
        return Remedy.AGAIN
    return Remedy.BURY if isinstance(error, Unreadable | DomainError) else Remedy.RETRY


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    link: BaseException | None = error
    while link is not None and id(link) not in seen:
        seen.add(id(link))
        yield link
        link = link.__cause__ or link.__context__


def _state(error: BaseException) -> str:
    original = getattr(error, "orig", error)
    return (original.sqlstate or "") if isinstance(original, psycopg.Error) else ""


def _is_outage(error: BaseException) -> bool:
    if isinstance(error, exc.TimeoutError):
        return True
    if isinstance(error, exc.DBAPIError) and error.connection_invalidated:
        return True
    original = getattr(error, "orig", error)
    if isinstance(original, psycopg.OperationalError) and not original.sqlstate:
        return True
    return _state(error).startswith(_AWAY)


def failure(error: BaseException, *, attempts: int) -> Failure:
    """The failure as a dead letter keeps it.

    Errors of the database repeat the values of the row, and those may be personal: only the first line of their kind,
    constraint and table are kept.
    """
    return Failure(kind=_kind(error), type=type(error).__name__, message=describe(error), attempts=attempts)


def _kind(error: BaseException) -> Kind:
    if isinstance(error, Unreadable):
        return "unreadable"
    return "refused" if isinstance(error, DomainError) else "failed"


def describe(error: BaseException) -> str:
    """One line on `error` that can be logged: the sentences of our own refusals, else types and names only."""
    if isinstance(error, DomainError):
        return error.message
    if isinstance(error, Unreadable | SwallowedError):
        return str(error)
    original = getattr(error, "orig", error)
    if isinstance(original, psycopg.Error):
        names = [original.diag.table_name, original.diag.column_name, original.diag.constraint_name]
        return " ".join([type(original).__name__, original.sqlstate or "", *(name for name in names if name)]).strip()
    return _place(error)


def _place(error: BaseException) -> str:
    """Where in our code it was raised; an error's own text may quote anything."""
    trace = error.__traceback__
    if trace is None:
        return type(error).__name__
    while trace.tb_next is not None:
        trace = trace.tb_next
    code = trace.tb_frame.f_code
    return f"{type(error).__name__} in {code.co_qualname}, line {trace.tb_lineno}"
