"""An identity provider of the tests' own."""

import json
import time
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey


class Issuer:
    """Makes tokens; `jwks` is the document of its public keys."""

    name = "https://login.example"
    audience = "intercoop"

    def __init__(self, key_id: str = "key-1") -> None:
        self.key_id = key_id
        self._key = Ed25519PrivateKey.generate()

    @property
    def jwks(self) -> dict[str, Any]:
        public = json.loads(jwt.algorithms.OKPAlgorithm.to_jwk(self._key.public_key()))
        return {"keys": [public | {"kid": self.key_id, "alg": "EdDSA", "use": "sig"}]}

    def write_jwks(self, path: Path) -> Path:
        path.write_text(json.dumps(self.jwks))
        return path

    def token(self, scope: str = "membership:read membership:write", subject: str = "user/7", **claims: Any) -> str:
        base = {"sub": subject, "iss": self.name, "aud": self.audience, "exp": time.time() + 600, "scope": scope}
        headers = {"kid": self.key_id}
        return jwt.encode({**base, **claims}, self._key, algorithm="EdDSA", headers=headers)
