"""Refusals by kind. A rule said no; the same call will be refused again.

HTTP maps a kind to a status once, a subscription sends its event to the dead letters at once. Anything that is not a
DomainError is a fault: HTTP answers 500, a subscription tries again later.
"""

from collections.abc import Sequence
from typing import Any, ClassVar, NamedTuple


class Wrong(NamedTuple):
    """One of several things wrong: the JSON pointer of a field, a sentence and what fills it.

    A parameter `label` is itself the key of a translation.
    """

    pointer: str
    message: str
    params: dict[str, Any]


class DomainError(Exception):
    """A refusal. Subclasses name the refusal itself and carry a sentence with {placeholders}.

    `message` is the English sentence and the key of its translations; `params` fill its placeholders.
    `pointer` is the JSON pointer of the field at fault, if there is one. `shown` names those of `params` a caller gets
    as members of their own, to go on with.
    """

    message: ClassVar[str] = ""
    shown: ClassVar[tuple[str, ...]] = ()

    def __init__(self, *, pointer: str | None = None, **params: object) -> None:
        self.pointer = pointer
        self.params = params
        super().__init__(self.message.format(**params))

    @property
    def code(self) -> str:
        """The stable name of the refusal, as in the problem's `type`: ProspectClosed -> prospect-closed."""
        name = type(self).__name__
        return "".join(f"-{c.lower()}" if c.isupper() and i else c.lower() for i, c in enumerate(name))


class NotFound(DomainError):  # noqa: N818 -- the kinds are words of the domain
    """What was named does not exist."""


class Conflict(DomainError):  # noqa: N818 -- see NotFound
    """Somebody else was faster, or the state does not allow it now."""


class Rejected(DomainError):  # noqa: N818 -- see NotFound
    """A rule forbids it, whoever asks."""


class Forbidden(DomainError):  # noqa: N818 -- see NotFound
    """This caller may not."""


class SeveralWrong(Rejected):
    """A rule forbids it for several fields, each with a sentence of its own; at least one."""

    def __init__(self, wrong: Sequence[Wrong]) -> None:
        self.wrong = wrong
        super().__init__()
