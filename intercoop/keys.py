"""The local set-up's own identity: a key pair, its public half as a JWKS, and tokens signed with it."""

import json
from datetime import datetime, timedelta
from pathlib import Path

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from jwt.algorithms import OKPAlgorithm

KEY_ID = "local"


def make_keys(*, key_file: Path, jwks: Path) -> None:
    """Write a private key, mode 0600, and the JWKS that verifies its tokens; an existing key stays."""
    if not key_file.exists():
        key = Ed25519PrivateKey.generate()
        key_file.touch(mode=0o600)
        key_file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    public = OKPAlgorithm.to_jwk(_load(key_file).public_key(), as_dict=True)
    jwks.write_text(json.dumps({"keys": [{**public, "kid": KEY_ID, "use": "sig", "alg": "EdDSA"}]}))


def sign_token(
    key_file: Path,
    *,
    issuer: str,
    audience: str,
    subject: str,
    scopes: tuple[str, ...],
    roles: tuple[str, ...] = (),
    lifetime: timedelta,
    now: datetime,
) -> str:
    """A bearer token for `subject`, valid from `now` for `lifetime`."""
    claims = {
        "iss": issuer,
        "aud": audience,
        "sub": subject,
        "scope": " ".join(scopes),
        "roles": list(roles),
        "iat": now,
        "exp": now + lifetime,
    }
    return jwt.encode(claims, _load(key_file), algorithm="EdDSA", headers={"kid": KEY_ID})


def _load(key_file: Path) -> Ed25519PrivateKey:
    key = load_pem_private_key(key_file.read_bytes(), password=None)
    assert isinstance(key, Ed25519PrivateKey)
    return key
