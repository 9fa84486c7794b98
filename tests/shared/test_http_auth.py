"""Only who holds a good token or key gets in, and only where it is good for."""

import json
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from itsdangerous import URLSafeTimedSerializer
from sqlalchemy import Engine, text

from shared.http import jwks, links
from shared.http.auth import Authenticator, Principal
from shared.http.problems import Unauthorized, Unavailable
from shared.settings import Settings
from tests.notes_server import NotesServer
from tests.tokens import Issuer

SETTINGS = Settings(
    service="membership",
    database_url="",
    amqp_uri="",
    http_host="127.0.0.1",
    http_port=0,
    jwks="",
    token_issuer=Issuer.name,
    token_audience=Issuer.audience,
    link_secret="secret",
    public_url="",
)


@pytest.fixture
def issuer() -> Issuer:
    return Issuer()


@pytest.fixture
def authenticator(issuer: Issuer, tmp_path: Path) -> Authenticator:
    return Authenticator(replace(SETTINGS, jwks=str(issuer.write_jwks(tmp_path / "jwks.json"))))


def test_a_token_says_who_and_what_for(authenticator: Authenticator, issuer: Issuer) -> None:
    token = issuer.token("a:read a:write", "user/1", roles=["treasurer"])
    expected = Principal(subject="user/1", scopes=frozenset({"a:read", "a:write"}), roles=frozenset({"treasurer"}))
    assert authenticator.principal(token) == expected
    assert authenticator.principal(token) == expected


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": -1},
        {"nbf": 60},
        {"iss": "https://other.example"},
        {"aud": "other"},
        {"exp": None},
        {"sub": None},
        {"sub": 7},
        {"scope": ["a:read"]},
        {"roles": "treasurer"},
    ],
    ids=str,
)
def test_a_token_with_a_wrong_claim_opens_nothing(
    authenticator: Authenticator, issuer: Issuer, claims: dict[str, Any]
) -> None:
    base = {"sub": "user/1", "iss": issuer.name, "aud": issuer.audience, "exp": 60, "scope": ""}
    kept = {name: value for name, value in {**base, **claims}.items() if value is not None}
    kept |= {name: time.time() + kept[name] for name in ("exp", "nbf") if name in kept}
    token = jwt.encode(kept, issuer._key, algorithm="EdDSA", headers={"kid": issuer.key_id})
    with pytest.raises(Unauthorized):
        authenticator.principal(token)


def test_a_token_nobody_signed_opens_nothing(authenticator: Authenticator, issuer: Issuer) -> None:
    claims = jwt.decode(issuer.token(), options={"verify_signature": False})
    with pytest.raises(Unauthorized):
        authenticator.principal(jwt.encode(claims, None, algorithm="none", headers={"kid": issuer.key_id}))


def test_the_public_key_is_no_shared_secret(authenticator: Authenticator, issuer: Issuer) -> None:
    claims = jwt.decode(issuer.token(), options={"verify_signature": False})
    secret = issuer.jwks["keys"][0]["x"]
    with pytest.raises(Unauthorized):
        authenticator.principal(jwt.encode(claims, secret, algorithm="HS256", headers={"kid": issuer.key_id}))


def test_a_token_of_another_key_opens_nothing(authenticator: Authenticator) -> None:
    with pytest.raises(Unauthorized):
        authenticator.principal(Issuer().token())


def test_a_changed_token_opens_nothing(authenticator: Authenticator, issuer: Issuer) -> None:
    head, _, signature = issuer.token("a:read").split(".")
    _, claims, _ = issuer.token("ops").split(".")
    with pytest.raises(Unauthorized):
        authenticator.principal(f"{head}.{claims}.{signature}")


@pytest.mark.parametrize("text", ["", "x", "a.b.c", "é", "ick_", "." * 1000])
def test_what_is_no_token_opens_nothing(authenticator: Authenticator, text: str) -> None:
    with pytest.raises(Unauthorized):
        authenticator.principal(text)


def test_an_expired_token_is_forgotten_though_it_was_known(
    authenticator: Authenticator, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = issuer.token(exp=time.time() + 60)
    authenticator.principal(token)
    later = datetime.now(UTC) + timedelta(seconds=61)
    monkeypatch.setattr("shared.http.auth.utc_now", lambda: later)
    monkeypatch.setattr("jwt.api_jwt.datetime", _Clock(later))
    with pytest.raises(Unauthorized):
        authenticator.principal(token)


class _Clock:
    def __init__(self, moment: datetime) -> None:
        self._moment = moment

    def now(self, tz: Any = None) -> datetime:
        return self._moment


@pytest.mark.parametrize(
    ("algorithm", "key"),
    [("RS256", rsa.generate_private_key(65537, 2048)), ("ES256", ec.generate_private_key(ec.SECP256R1()))],
    ids=["RS256", "ES256"],
)
def test_other_asymmetric_keys_work_too(tmp_path: Path, algorithm: str, key: Any) -> None:
    kind = jwt.algorithms.RSAAlgorithm if algorithm == "RS256" else jwt.algorithms.ECAlgorithm
    public = json.loads(kind.to_jwk(key.public_key())) | {"kid": "k", "alg": algorithm}
    (tmp_path / "jwks.json").write_text(json.dumps({"keys": [public]}))
    claims = {"sub": "u", "iss": Issuer.name, "aud": [Issuer.audience, "other"], "exp": time.time() + 60}
    token = jwt.encode(claims, key, algorithm=algorithm, headers={"kid": "k"})
    assert Authenticator(replace(SETTINGS, jwks=f"file://{tmp_path}/jwks.json")).principal(token).subject == "u"


def test_a_rotated_file_is_followed_and_the_old_key_forgotten(
    authenticator: Authenticator, issuer: Issuer, tmp_path: Path
) -> None:
    old, new = issuer.token(), Issuer("key-2")
    authenticator.principal(old)
    new.write_jwks(tmp_path / "jwks.json")
    assert authenticator.principal(new.token()).subject == "user/7"
    with pytest.raises(Unauthorized):
        authenticator.principal(old)


class KeyServer(HTTPServer):
    """Publishes `document` and counts who asks."""

    document: dict[str, Any] | None = None
    asked = 0


class _Keys(BaseHTTPRequestHandler):
    server: KeyServer

    def do_GET(self) -> None:
        self.server.asked += 1
        self.send_response(200 if self.server.document else 500)
        self.end_headers()
        self.wfile.write(json.dumps(self.server.document).encode())

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def key_server() -> Iterator[KeyServer]:
    with KeyServer(("127.0.0.1", 0), _Keys) as server:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_keys_at_an_address_are_asked_for_once_until_an_unknown_one_comes(
    key_server: KeyServer, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    key_server.document = issuer.jwks
    authenticator = Authenticator(replace(SETTINGS, jwks=f"http://127.0.0.1:{key_server.server_port}/jwks"))
    for _ in range(5):
        authenticator.principal(issuer.token())
    assert key_server.asked == 1
    new = Issuer("key-2")
    key_server.document = {"keys": issuer.jwks["keys"] + new.jwks["keys"]}
    with pytest.raises(Unauthorized):
        authenticator.principal(new.token())
    monkeypatch.setattr(jwks, "ASK_AGAIN_SECONDS", 0)
    assert authenticator.principal(new.token()).subject == "user/7"
    assert authenticator.principal(issuer.token()).subject == "user/7"


def test_made_up_key_ids_do_not_make_us_ask_again_and_again(key_server: KeyServer, issuer: Issuer) -> None:
    key_server.document = issuer.jwks
    authenticator = Authenticator(replace(SETTINGS, jwks=f"http://127.0.0.1:{key_server.server_port}/jwks"))
    for number in range(20):
        with pytest.raises(Unauthorized):
            authenticator.principal(Issuer(f"made-up-{number}").token())
    assert key_server.asked == 1


def test_while_the_issuer_is_away_the_known_keys_serve_and_without_any_it_is_503(
    key_server: KeyServer, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = f"http://127.0.0.1:{key_server.server_port}/jwks"
    with pytest.raises(Unavailable):
        Authenticator(replace(SETTINGS, jwks=address)).principal(issuer.token())
    key_server.document = issuer.jwks
    authenticator = Authenticator(replace(SETTINGS, jwks=address))
    authenticator.principal(issuer.token())
    key_server.document = None
    monkeypatch.setattr(jwks, "FRESH_SECONDS", 0)
    assert authenticator.principal(issuer.token(subject="user/8")).subject == "user/8"


@pytest.fixture
def mute_issuer() -> Iterator[socket.socket]:
    """Accepts, and says nothing of itself."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener


def asking(listener: socket.socket) -> Authenticator:
    return Authenticator(replace(SETTINGS, jwks=f"http://127.0.0.1:{listener.getsockname()[1]}/jwks"))


def test_an_issuer_that_says_nothing_is_given_up_and_nobody_is_called_a_liar_meanwhile(
    mute_issuer: socket.socket, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Trap: while one caller waits for the first keys, the next one's good token looks like one of an unknown key."""
    monkeypatch.setattr(jwks, "FETCH_SECONDS", 1)
    authenticator = asking(mute_issuer)
    with ThreadPoolExecutor() as callers:
        first = callers.submit(authenticator.principal, issuer.token())
        connection, _ = mute_issuer.accept()
        with connection:
            with pytest.raises(Unavailable):
                authenticator.principal(issuer.token())
            with pytest.raises(Unavailable):
                first.result(timeout=3)


def test_an_issuer_that_sends_its_keys_byte_by_byte_is_given_up(
    mute_issuer: socket.socket, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jwks, "FETCH_SECONDS", 0.5)
    done = Event()

    def trickle() -> None:
        connection, _ = mute_issuer.accept()
        with connection, suppress(OSError):
            connection.sendall(b"HTTP/1.0 200 OK\r\n\r\n")
            while not done.wait(0.1):
                connection.sendall(b" ")

    with ThreadPoolExecutor() as others:
        others.submit(trickle)
        refused = others.submit(asking(mute_issuer).principal, issuer.token())
        try:
            with pytest.raises(Unavailable):
                refused.result(timeout=3)
        finally:
            done.set()


def test_an_issuer_that_speaks_no_http_is_no_fault_of_ours(mute_issuer: socket.socket, issuer: Issuer) -> None:
    with ThreadPoolExecutor() as others:
        refused = others.submit(asking(mute_issuer).principal, issuer.token())
        connection, _ = mute_issuer.accept()
        with connection:
            connection.sendall(b"220 smtp ready\r\n")
            with pytest.raises(Unavailable):
                refused.result(timeout=10)


@pytest.fixture
def operator(notes: NotesServer) -> Iterator[httpx.Client]:
    with notes.client(notes.issuer.token("ops", "operator/1")) as client:
        yield client


def a_key(operator: httpx.Client, **more: Any) -> dict[str, str]:
    body = {"subject": "integrator/1", "scopes": ["membership:read"], **more}
    answer = operator.post("/ops/api-keys", json=body)
    assert answer.status_code == 201, answer.text
    made: dict[str, str] = answer.json()
    return made


def status_with(notes: NotesServer, key: str, path: str = "/v1/notes") -> int:
    with notes.client(key) as client:
        return client.get(path).status_code


def test_a_key_opens_what_it_was_made_for_and_nothing_else(notes: NotesServer, operator: httpx.Client) -> None:
    key = a_key(operator)["key"]
    assert key.startswith("ick_")
    assert status_with(notes, key) == 200
    assert status_with(notes, key, "/ops/api-keys") == 403
    assert status_with(notes, key[:-1]) == 401
    assert status_with(notes, "ick_x_y") == 401


def test_a_key_is_kept_only_as_a_hash_and_listed_without_it(operator: httpx.Client, notes_engine: Engine) -> None:
    made = a_key(operator)
    secret = made["key"].split("_", 2)[2]
    with notes_engine.connect() as connection:
        rows = str(connection.execute(text("SELECT * FROM api_keys")).all())
    listed = operator.get("/ops/api-keys")
    assert secret not in rows
    assert secret not in listed.text
    entry = next(item for item in listed.json()["items"] if item["id"] == made["id"])
    assert (entry["subject"], entry["created_by"], entry["revoked_at"]) == ("integrator/1", "operator/1", None)


def test_a_revoked_key_opens_nothing(notes: NotesServer, operator: httpx.Client) -> None:
    made = a_key(operator)
    assert operator.delete(f"/ops/api-keys/{made['id']}").status_code == 204
    assert status_with(notes, made["key"]) == 401
    assert operator.delete(f"/ops/api-keys/{made['id']}").status_code == 204
    assert operator.post(f"/ops/api-keys/{made['id']}/rotate", json={}).status_code == 422


def test_an_expired_key_opens_nothing(notes: NotesServer, operator: httpx.Client) -> None:
    past = (datetime.now(UTC) - timedelta(seconds=1)).isoformat()
    assert status_with(notes, a_key(operator, expires_at=past)["key"]) == 401


def test_a_rotated_key_works_beside_the_new_one_for_as_long_as_wanted(
    notes: NotesServer, operator: httpx.Client
) -> None:
    old = a_key(operator)
    new = operator.post(f"/ops/api-keys/{old['id']}/rotate", json={"overlap_hours": 1}).json()
    assert [status_with(notes, key["key"]) for key in (old, new)] == [200, 200]
    newest = operator.post(f"/ops/api-keys/{new['id']}/rotate", json={"overlap_hours": 0}).json()
    assert [status_with(notes, key["key"]) for key in (new, newest)] == [401, 200]


def test_no_key_is_for_operations(operator: httpx.Client) -> None:
    answer = operator.post("/ops/api-keys", json={"subject": "x", "scopes": ["ops"]})
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/scope-not-for-keys")


@pytest.mark.parametrize("header", ["", "Bearer", "Basic dXNlcjpwYXNz", "Token x", "bearer"])
def test_a_header_without_a_bearer_token_is_401(notes: NotesServer, header: str) -> None:
    with notes.client("") as client:
        answer = client.get("/v1/notes", headers={"Authorization": header})
    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")


def test_a_bad_token_is_401_with_the_reason(notes: NotesServer) -> None:
    with notes.client(Issuer().token()) as client:
        answer = client.get("/v1/notes")
    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, 'Bearer error="invalid_token"')


def test_a_signed_link_gives_back_what_was_signed() -> None:
    token = links.sign("secret", "unsubscribe", {"contact": "c-1"})
    assert links.verify("secret", "unsubscribe", token, lifetime=timedelta(days=1)) == {"contact": "c-1"}


@pytest.mark.parametrize(
    ("secret", "purpose", "change"),
    [("other", "unsubscribe", ""), ("secret", "accept seat", ""), ("secret", "unsubscribe", "x")],
)
def test_a_link_for_something_else_or_changed_is_refused(secret: str, purpose: str, change: str) -> None:
    token = links.sign("secret", "unsubscribe", {"contact": "c-1"})
    with pytest.raises(links.LinkInvalid):
        links.verify(secret, purpose, token + change, lifetime=timedelta(days=1))


def test_a_link_ends_after_its_lifetime(monkeypatch: pytest.MonkeyPatch) -> None:
    token = links.sign("secret", "unsubscribe", {})
    later = int(time.time()) + 3601
    monkeypatch.setattr("itsdangerous.timed.TimestampSigner.get_timestamp", lambda _: later)
    with pytest.raises(links.LinkExpired):
        links.verify("secret", "unsubscribe", token, lifetime=timedelta(hours=1))
    assert URLSafeTimedSerializer("secret", salt="link unsubscribe").loads(token) == {}
