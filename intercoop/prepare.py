"""What a set-up in containers needs once: users on the broker, and a signing key where no identity provider is named.

    python -m intercoop.prepare

BROKER_API names the management API with the administrator's password, <SERVICE>_BROKER_PASSWORD each service's.
AUTH_KEY_FILE and AUTH_JWKS_FILE are where the key and its public half go; without them none is made. Running it again
changes passwords and permissions to what the environment says, and leaves the key.
"""

import base64
import json
import os
import time
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import unquote, urlsplit
from urllib.request import Request, urlopen

from intercoop.broker_definitions import ADMINISTRATOR, definitions
from intercoop.keys import make_keys
from shared.contracts.catalogue import BY_PUBLISHER
from shared.settings import required

PATIENCE_SECONDS = 180


def prepare_broker(env: Mapping[str, str]) -> None:
    """Load users, permissions and policies, as soon as the broker answers."""
    api = required(env, "BROKER_API")
    passwords = {service: required(env, f"{service.upper()}_BROKER_PASSWORD") for service in BY_PUBLISHER}
    passwords[ADMINISTRATOR] = unquote(urlsplit(api).password or "")
    request = _request(api, definitions(passwords))
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not _sent(request, last=time.monotonic() > deadline):
        time.sleep(1)


def _request(api: str, document: object) -> Request:
    address = urlsplit(api)
    credentials = f"{unquote(address.username or '')}:{unquote(address.password or '')}"
    headers = {
        "Content-Type": "application/json",
        "Authorization": "Basic " + base64.b64encode(credentials.encode()).decode(),
    }
    url = f"{address.scheme}://{address.hostname}:{address.port or 15672}/api/definitions"
    return Request(url, json.dumps(document).encode(), headers, method="POST")  # noqa: S310 -- the operator's own address


def _sent(request: Request, *, last: bool) -> bool:
    """False while the broker is not there yet; a refusal, or silence at the `last` try, raises."""
    try:
        with urlopen(request, timeout=10):  # noqa: S310 -- see _request
            return True
    except HTTPError as error:
        if last or error.code < HTTPStatus.INTERNAL_SERVER_ERROR:
            raise
        return False
    except OSError:
        if last:
            raise
        return False


def main() -> None:
    # First, since the broker may take its time to start, and a token is asked for before that.
    if key_file := os.environ.get("AUTH_KEY_FILE"):
        make_keys(key_file=Path(key_file), jwks=Path(required(os.environ, "AUTH_JWKS_FILE")))
    prepare_broker(os.environ)


if __name__ == "__main__":
    main()
