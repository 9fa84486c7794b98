"""Who calls: a bearer token of the organisation's identity provider, or an integrator's key."""

import hashlib
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any, ClassVar

import jwt

from shared.clock import utc_now
from shared.http.jwks import KeySet
from shared.http.problems import MissingScope, Unauthorized
from shared.settings import Settings

ALGORITHMS = ["EdDSA", "RS256", "ES256"]
"""Asymmetric only: with a shared secret, or none, whoever can check a token could make one."""


@dataclass(frozen=True, kw_only=True)
class Principal:
    """The caller. `scopes` say what the token is good for, `roles` what the person is in the organisation."""

    subject: str
    scopes: frozenset[str] = field(default_factory=frozenset)
    roles: frozenset[str] = field(default_factory=frozenset)

    @property
    def pseudonym(self) -> str:
        """What logs and events call the caller: always the same, and not the subject, which may be a mail address."""
        return hashlib.sha256(self.subject.encode()).hexdigest()[:12]

    def require(self, scope: str) -> None:
        """Refuse (403) a caller whose token is not good for `scope`."""
        if scope not in self.scopes:
            challenge = f'Bearer error="insufficient_scope", scope="{scope}"'
            raise MissingScope(scope=scope, headers={"WWW-Authenticate": challenge})


ANONYMOUS = Principal(subject="anonymous")
"""Who calls a public route."""


class Authenticator:
    """Checks tokens against the issuer's keys; what was checked is not checked again until it expires."""

    REMEMBERED: ClassVar[int] = 1000

    def __init__(self, settings: Settings) -> None:
        self._keys = KeySet(settings.jwks)
        self._issuer = settings.token_issuer
        self._audience = settings.token_audience
        self._known: OrderedDict[str, tuple[float, int, Principal]] = OrderedDict()

    def principal(self, token: str) -> Principal:
        """Whoever the token says.

        Raises:
            Unauthorized: expired, not yet valid, of another issuer or audience, badly signed, or no token at all.
            KeysUnavailable: when the issuer's keys can't be had (503).
        """
        generation = self._keys.generation()
        expires, seen, principal = self._known.get(token, (0.0, -1, ANONYMOUS))
        if seen == generation and utc_now().timestamp() < expires:
            return principal
        claims = self._claims(token)
        principal = _principal(claims)
        self._known[token] = (float(claims["exp"]), generation, principal)
        if len(self._known) > self.REMEMBERED:
            self._known.popitem(last=False)
        return principal

    def _claims(self, token: str) -> dict[str, Any]:
        try:
            header = jwt.get_unverified_header(token)
            key = self._keys.find(header.get("kid"), header.get("alg"))
            return jwt.decode(
                token,
                key,
                algorithms=ALGORITHMS,
                issuer=self._issuer,
                audience=self._audience,
                options={"require": ["exp", "sub", "iss", "aud"]},
            )
        except (jwt.PyJWTError, ValueError) as error:
            raise unauthorized("invalid_token") from error


def unauthorized(error: str | None = None) -> Unauthorized:
    """401 with the challenge RFC 6750 asks for."""
    challenge = f'Bearer error="{error}"' if error else "Bearer"
    return Unauthorized(headers={"WWW-Authenticate": challenge})


def bearer(header: str | None) -> str:
    """The token in an Authorization header."""
    kind, _, token = (header or "").partition(" ")
    if kind.lower() != "bearer" or not token.strip():
        raise unauthorized()
    return token.strip()


def _principal(claims: dict[str, Any]) -> Principal:
    scopes, roles = claims.get("scope", ""), claims.get("roles", [])
    if not isinstance(scopes, str) or not isinstance(roles, list):
        raise unauthorized("invalid_token")
    return Principal(subject=claims["sub"], scopes=frozenset(scopes.split()), roles=frozenset(map(str, roles)))
