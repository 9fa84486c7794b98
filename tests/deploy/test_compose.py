"""What the compose file promises is what the code needs; nothing of it is started here."""

import re
import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from intercoop.broker_definitions import ADMINISTRATOR, definitions
from shared.contracts.catalogue import BY_PUBLISHER
from shared.settings import Settings

ROOT = Path(__file__).parents[2]
SERVICES = list(BY_PUBLISHER)
COMPOSE = ROOT / "docker-compose.yml"


@pytest.fixture(scope="module")
def parts() -> dict[str, Any]:
    document = yaml.safe_load(COMPOSE.read_text())
    parts: dict[str, Any] = document["services"]
    return parts


def variables() -> set[str]:
    return set(re.findall(r"\$\{([A-Z_]+)", COMPOSE.read_text()))


@pytest.mark.parametrize("service", SERVICES)
def test_each_service_runs_beside_its_relay(parts: dict[str, Any], service: str) -> None:
    assert parts[service]["command"] == ["serve", service]
    assert parts[f"{service}-relay"]["command"] == ["relay", service]
    assert parts[service]["environment"] == parts[f"{service}-relay"]["environment"]


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_has_all_settings_it_asks_for_and_reaches_no_other_database(
    parts: dict[str, Any], service: str
) -> None:
    environment = parts[service]["environment"]
    settings = Settings.from_env(service, environment)
    assert settings.database_url.endswith(f"@database/{service}")
    assert settings.amqp_uri.startswith(f"amqp://{service}:")
    others = {other.upper() for other in SERVICES if other != service}
    assert not [value for value in map(str, environment.values()) for other in others if f"{other}_DB" in value]


def test_every_part_of_ours_runs_unprivileged_from_the_same_image(parts: dict[str, Any]) -> None:
    ours = [part for name, part in parts.items() if name not in {"broker", "database", "prometheus", "grafana"}]
    assert len(ours) == 2 * len(SERVICES) + 4
    for part in ours:
        assert part["image"] == "intercoop:local"
        assert part["read_only"]
        assert part["cap_drop"] == ["ALL"]
    assert re.search(r"^USER 10001", (ROOT / "deploy/Dockerfile").read_text(), re.MULTILINE)


def test_what_is_published_on_the_machine_is_on_loopback_unless_asked_otherwise(parts: dict[str, Any]) -> None:
    published = [port for part in parts.values() for port in part.get("ports", [])]
    assert published
    assert all(port.startswith("${BIND:-127.0.0.1}:") for port in published)


def test_no_secret_has_a_default(parts: dict[str, Any]) -> None:
    with_default = set(re.findall(r"\$\{([A-Z_]+):-[^}]+\}", COMPOSE.read_text()))
    assert not [name for name in with_default if re.search("PASSWORD|SECRET|KEY", name)]
    first_uses = re.findall(r"\$\{([A-Z_]*(?:PASSWORD|SECRET))(:\?|\}|:-)", COMPOSE.read_text())
    required = {name for name, mark in first_uses if mark == ":?"}
    assert {name for name, _ in first_uses} - required == {"GRAFANA_PASSWORD"}


def test_the_environment_made_for_it_has_a_long_secret_for_every_variable_it_requires(tmp_path: Path) -> None:
    (tmp_path / "deploy").mkdir()
    script = tmp_path / "deploy" / "make-env"
    script.write_bytes((ROOT / "deploy/make-env").read_bytes())
    subprocess.run(["sh", str(script)], check=True, capture_output=True)
    written = tmp_path / ".env"
    made = dict(re.findall(r"^([A-Z_]+)=(.*)$", written.read_text(), re.MULTILINE))
    required = set(re.findall(r"\$\{([A-Z_]+):\?", COMPOSE.read_text()))
    assert required == set(made)
    assert len(set(made.values())) == len(made)
    assert all(re.fullmatch("[A-Za-z0-9]{32}", secret) for secret in made.values())
    assert stat.S_IMODE(written.stat().st_mode) == 0o600
    subprocess.run(["sh", str(script)], check=True, capture_output=True)
    assert made == dict(re.findall(r"^([A-Z_]+)=(.*)$", written.read_text(), re.MULTILINE)), "an existing one stays"


def test_the_broker_user_of_each_service_exists_in_the_definitions_the_prepare_step_loads(
    parts: dict[str, Any],
) -> None:
    loaded = definitions(dict.fromkeys([*SERVICES, ADMINISTRATOR], "secret"))
    users = {user["name"] for user in loaded["users"]}  # type: ignore[attr-defined] # a list of objects
    assert users == {*SERVICES, parts["broker"]["environment"]["RABBITMQ_DEFAULT_USER"]}
    assert {vhost["name"] for vhost in loaded["vhosts"]} == {  # type: ignore[attr-defined] # see above
        parts["broker"]["environment"]["RABBITMQ_DEFAULT_VHOST"]
    }
    asked = {f"{service.upper()}_BROKER_PASSWORD" for service in SERVICES}
    assert asked <= set(parts["prepare"]["environment"])


def test_the_database_server_makes_a_role_and_a_database_for_each_service(parts: dict[str, Any]) -> None:
    script = (ROOT / "deploy/postgres/init.sh").read_text()
    named = re.search(r"^for service in (.*); do$", script, re.MULTILINE)
    assert named
    assert named[1].split() == SERVICES
    assert {f"{service.upper()}_DB_PASSWORD" for service in SERVICES} <= set(parts["database"]["environment"])


def test_every_mounted_file_is_in_the_repository(parts: dict[str, Any]) -> None:
    mounts = [mount.split(":")[0] for part in parts.values() for mount in part.get("volumes", [])]
    assert [ROOT / mount for mount in mounts if mount.startswith("./")]
    assert not [mount for mount in mounts if mount.startswith("./") and not (ROOT / mount).exists()]
