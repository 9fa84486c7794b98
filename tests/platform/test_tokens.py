"""Tokens of the local set-up verify by its JWKS, as any provider's do."""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import jwt
import pytest
from click.testing import CliRunner

from intercoop.commands import audit
from intercoop.commands.token import command
from intercoop.instance import Instance
from intercoop.local.plan import Plan


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("INTERCOOP_HOME", str(tmp_path))
    plan = Plan(tmp_path, {})
    plan.prepare()
    plan.instance.save(tmp_path / "instance.json")
    return tmp_path


def verified(home: Path, token: str) -> dict[str, object]:
    keys = jwt.PyJWKSet.from_dict(json.loads((home / "jwks.json").read_text()))
    key = keys[jwt.get_unverified_header(token)["kid"]]
    return jwt.decode(token, key, algorithms=["EdDSA"], audience="intercoop", issuer="urn:intercoop:local")


def test_where_the_key_is_still_being_made_it_says_so(home: Path) -> None:
    (home / "key.pem").unlink()
    result = CliRunner().invoke(command, ["--scope", "ops"])
    assert result.exit_code == 1
    assert "not made yet" in result.output


@pytest.mark.usefixtures("home")
def test_an_audit_of_what_does_not_answer_says_so() -> None:
    result = CliRunner().invoke(audit.command, ["--wait", "0"])
    assert (result.exit_code, result.exception.__class__) == (1, SystemExit)
    assert "nothing is known" in result.output


@pytest.mark.usefixtures("home")
def test_an_audit_of_what_is_not_migrated_says_so(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    instance = Instance.load()
    empty = {name: replace(at, database_url=database_url) for name, at in instance.services.items()}
    monkeypatch.setattr(Instance, "load", lambda: replace(instance, services=empty))
    result = CliRunner().invoke(audit.command, ["--wait", "0"])
    assert (result.exit_code, result.exception.__class__) == (1, SystemExit)
    assert "not migrated" in result.output


def test_a_token_says_who_and_what_for(home: Path) -> None:
    options = [
        "--scope",
        "membership:read,funding:read",
        "--scope",
        "ops",
        "--subject",
        "ana",
        "--role",
        "finance",
        "--ttl",
        "30m",
    ]
    result = CliRunner().invoke(command, options, catch_exceptions=False)
    claims = verified(home, result.stdout.strip())
    assert claims["sub"] == "ana"
    assert claims["scope"] == "membership:read funding:read ops"
    assert claims["roles"] == ["finance"]
    assert claims["exp"] - claims["iat"] == timedelta(minutes=30).total_seconds()  # type: ignore[operator] # numbers


def test_without_scopes_it_is_the_staffs(home: Path) -> None:
    result = CliRunner().invoke(command, ["--json"], catch_exceptions=False)
    answer = json.loads(result.stdout)
    assert verified(home, answer["token"])["scope"] == " ".join(answer["scopes"])
    assert "funding:approve" in answer["scopes"]


def test_a_second_start_keeps_the_key(home: Path) -> None:
    token = CliRunner().invoke(command, catch_exceptions=False).stdout.strip()
    Plan(home, {}).prepare()
    assert verified(home, token)["sub"] == "staff@localhost"


def test_a_ttl_that_is_no_duration_is_refused(home: Path) -> None:
    result = CliRunner().invoke(command, ["--ttl", "soon"])
    assert result.exit_code == 2
    assert "write 30m, 12h or 7d" in result.stderr
