"""The issuer's public keys, from a file or an address, fresh enough to follow a rotation."""

import json
import time
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import jwt

from shared.http.problems import Unavailable

FRESH_SECONDS = 300
"""A fetched set is asked for again after this; until then, and when that fails, the old one serves."""

ASK_AGAIN_SECONDS = 10
"""An unknown key id makes us ask early, but not more often than this, since anybody can make one up."""

FETCH_SECONDS = 5
"""How long the issuer may take to begin its answer, and again to finish it."""

MOST_BYTES = 1_000_000


class KeySet:
    """Keys by id. A file is read again when it changes, an address when the set is old or a key unknown."""

    def __init__(self, source: str) -> None:
        self._remote = source.startswith(("http://", "https://"))
        self._source = source
        self._path = Path(source.removeprefix("file://"))
        self._keys: list[jwt.PyJWK] = []
        self._stamp: float | None = None
        self._asked = float("-inf")
        self._generation = 0

    def generation(self) -> int:
        """Counts up whenever the set is another, so that answers from the old one are forgotten."""
        self._refresh(FRESH_SECONDS)
        return self._generation

    def find(self, key_id: str | None, algorithm: str | None) -> jwt.PyJWK:
        """The key with this id, or the only one for the algorithm when the token names none.

        Raises:
            jwt.InvalidKeyError: there is no such key.
            Unavailable: no set could be had so far.
        """
        found = self._matching(key_id, algorithm)
        if not found and self._remote:
            self._refresh(ASK_AGAIN_SECONDS)
            found = self._matching(key_id, algorithm)
        if not self._keys:
            # Somebody else is asking just now; the token may be a good one.
            raise Unavailable(headers={"Retry-After": "5"})
        if len(found) != 1:
            raise jwt.InvalidKeyError("no such key")
        return found[0]

    def _matching(self, key_id: str | None, algorithm: str | None) -> list[jwt.PyJWK]:
        return [
            key
            for key in self._keys
            if key.algorithm_name == algorithm and key_id in (None, key.key_id) and key.public_key_use in (None, "sig")
        ]

    def _refresh(self, age: float) -> None:
        if not self._remote:
            self._read_file()
        elif time.monotonic() - self._asked > age:
            self._asked = time.monotonic()
            self._fetch()

    def _read_file(self) -> None:
        try:
            stamp = self._path.stat().st_mtime
            if stamp != self._stamp:
                self._replace(json.loads(self._path.read_bytes()))
                self._stamp = stamp
        except (OSError, ValueError, jwt.PyJWTError) as error:
            self._keep_or_fail(error)

    def _fetch(self) -> None:
        try:
            with urlopen(self._source, timeout=FETCH_SECONDS) as answer:  # noqa: S310 -- http or https, by __init__
                self._replace(json.loads(_body(answer)))
        except (URLError, OSError, HTTPException, ValueError, jwt.PyJWTError) as error:
            self._keep_or_fail(error)

    def _replace(self, document: dict[str, Any]) -> None:
        self._keys = jwt.PyJWKSet.from_dict(document).keys
        self._generation += 1

    def _keep_or_fail(self, error: Exception) -> None:
        if not self._keys:
            self._asked = float("-inf")
            raise Unavailable(headers={"Retry-After": "5"}) from error


def _body(answer: HTTPResponse) -> bytes:
    """The socket's timeout is for each piece, and one who sends a byte at a time could go on for ever."""
    ends, body = time.monotonic() + FETCH_SECONDS, b""
    while len(body) < MOST_BYTES and (piece := answer.read1(MOST_BYTES - len(body))):
        body += piece
        if time.monotonic() > ends:
            raise TimeoutError("the issuer's keys come too slowly")
    return body
