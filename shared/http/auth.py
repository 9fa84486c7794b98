"""Who calls: a bearer token of the organisation's identity provider, or an integrator's key."""

from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Principal:
    """The caller. `scopes` say what the token is good for, `roles` what the person is in the organisation."""

    subject: str
    scopes: frozenset[str] = field(default_factory=frozenset)
    roles: frozenset[str] = field(default_factory=frozenset)


ANONYMOUS = Principal(subject="anonymous")
"""Who calls a public route."""
