"""One service's HTTP API as the demonstration calls it: JSON in and out, in one trace."""

import json
import time
from collections.abc import Iterator
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

from intercoop.instance import home

ANSWER_SECONDS = 30
READY_SECONDS = 60


class Refused(Exception):  # noqa: N818 -- what the service did
    """The service said no; the text is its own."""

    def __init__(self, service: str, status: int, problem: dict[str, Any]) -> None:
        self.status = status
        self.kind = str(problem.get("type", "")).rpartition("/")[2]
        super().__init__(f"{service} refused: {problem.get('detail') or problem.get('troubles') or status}")


class NotRunning(Exception):  # noqa: N818 -- the state it reports
    """Nobody answers."""

    def __init__(self, service: str, url: str) -> None:
        super().__init__(
            f"{service} doesn't answer at {url}: is anything running in {home()}? `intercoop up` starts it"
        )


class Api:
    """Calls in the name of one staff member; `correlation_id` joins everything they set off."""

    def __init__(self, service: str, url: str, *, token: str, correlation_id: str) -> None:
        self.service, self._url = service, url
        self._headers = {"Authorization": f"Bearer {token}", "X-Correlation-Id": correlation_id}

    def get(self, path: str, **query: object) -> Any:
        """The document at `path`.

        Raises:
            Refused: when the service says no.
            NotRunning: when there is no service.
        """
        return self._call("GET", f"{path}?{urlencode(query)}" if query else path)

    def wait_ready(self) -> None:
        """Return once the service takes work; one that has just started may build its replicas first.

        Raises:
            Refused: when it is not ready within READY_SECONDS.
            NotRunning: when there is no service.
        """
        deadline = time.monotonic() + READY_SECONDS
        while True:
            try:
                self.get("/health/ready")
            except Refused:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.5)
            else:
                return

    def items(self, path: str, **query: object) -> Iterator[dict[str, Any]]:
        """A list's items, page after page."""
        page = self.get(path, **query)
        while True:
            yield from page["items"]
            if not page["next_cursor"]:
                return
            page = self.get(path, **query, cursor=page["next_cursor"])

    def post(self, path: str, body: dict[str, Any], **headers: str) -> Any:
        """What the service answers to `body`; raises as `get` does."""
        return self._call("POST", path, json.dumps(body).encode(), headers)

    def _call(self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None) -> Any:
        sent = {"Content-Type": "application/json", **self._headers, **(headers or {})}
        try:
            with urlopen(  # noqa: S310 -- the address is our own instance's
                Request(self._url + path, data=body, headers=sent, method=method),  # noqa: S310 -- see above
                timeout=ANSWER_SECONDS,
            ) as answer:
                return json.load(answer)
        except HTTPError as error:
            with error:
                raise Refused(self.service, error.code, _problem(error)) from error
        except OSError as error:
            raise NotRunning(self.service, self._url) from error


def _problem(error: HTTPError) -> dict[str, Any]:
    try:
        problem = json.loads(error.read())
    except ValueError:
        return {}
    return problem if isinstance(problem, dict) else {}
