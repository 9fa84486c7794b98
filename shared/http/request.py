"""The request as the kit sees it: werkzeug's, with what the edge found out about it."""

import re
from dataclasses import dataclass
from typing import Any, BinaryIO

from werkzeug.wrappers import Request

from shared.http.auth import ANONYMOUS, Principal
from shared.http.problems import Context
from shared.i18n import language_of
from shared.ids import uuid7
from shared.tracing import Trace, new_traceparent

_CORRELATION = re.compile(r"[A-Za-z0-9._:@/+=-]{1,128}")
_TRACEPARENT = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")


@dataclass(frozen=True, kw_only=True)
class Upload:
    """A body that was read into a file of no name, which is gone when the call ends; `sha256` is in hexadecimal."""

    file: BinaryIO
    size: int
    sha256: str


class HttpRequest(Request):
    """One request; `body` is read whole before a worker is taken, so that slow senders hold none."""

    context: Context
    traceparent: str
    path_values: dict[str, Any]
    template: str = "none"
    body: bytes = b""
    upload: Upload | None = None
    principal: Principal = ANONYMOUS

    def __init__(self, environ: dict[str, Any]) -> None:
        super().__init__(environ, shallow=True)
        parent = environ.get("HTTP_TRACEPARENT", "")
        self.traceparent = new_traceparent(parent)
        self.context = Context(
            language=language_of(environ.get("HTTP_ACCEPT_LANGUAGE")),
            path=self.path,
            correlation_id=_correlation_id(environ.get("HTTP_X_CORRELATION_ID", ""), parent),
        )

    def trace(self) -> Trace:
        """What every event this request causes will carry."""
        return Trace(
            correlation_id=self.context.correlation_id,
            actor=f"user/{self.principal.pseudonym}",
            traceparent=self.traceparent,
        )


def _correlation_id(given: str, traceparent: str) -> str:
    if _CORRELATION.fullmatch(given):
        return given
    trace = _TRACEPARENT.fullmatch(traceparent)
    return trace[1] if trace else str(uuid7())
