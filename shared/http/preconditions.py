"""ETag, If-Match and If-None-Match: an aggregate's version as HTTP says it."""

import re
from dataclasses import dataclass

from shared.http.problems import BadIfMatch, PreconditionFailed

_TAGS = re.compile(r'\s*(?:\*|(?:W/)?"[\x21\x23-\x7e]*"(?:\s*,\s*(?:W/)?"[\x21\x23-\x7e]*")*)\s*')


@dataclass(slots=True)
class IfMatch:
    """The caller's If-Match; None when there is none. `checked` once it was held against an aggregate."""

    header: str | None = None
    checked: bool = False

    def check(self, version: int) -> None:
        """Refuse (412) when the caller has seen another version."""
        self.checked = True
        if self.header is not None and self.header != "*" and etag(version) not in _tags(self.header):
            raise PreconditionFailed


def etag(version: int) -> str:
    """A strong entity tag: "3"."""
    return f'"{version}"'


def read_if_match(header: str | None) -> IfMatch:
    """The header, checked for its form."""
    if header is not None and not _TAGS.fullmatch(header):
        raise BadIfMatch
    return IfMatch(header.strip() if header is not None else None)


def unchanged(header: str | None, tag: str) -> bool:
    """If-None-Match names the present version (weak comparison), so 304 is enough."""
    return header is not None and (header.strip() == "*" or tag in {t.removeprefix("W/") for t in _tags(header)})


def _tags(header: str) -> list[str]:
    return [tag.strip() for tag in header.split(",")]
