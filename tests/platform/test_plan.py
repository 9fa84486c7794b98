"""What one instance consists of, by what the environment says."""

import json
import stat
from pathlib import Path

from intercoop.instance import SERVICES
from intercoop.local.plan import Plan

DATABASES = {f"DATABASE_URL_{service.upper()}": f"postgresql+psycopg://db/{service}" for service in SERVICES}


def test_everything_is_ours_when_nothing_is_named(tmp_path: Path) -> None:
    plan = Plan(tmp_path, {})
    assert plan.broker
    assert plan.database
    assert plan.mail_catcher()
    assert set(plan.database_roles()) == set(SERVICES)


def test_servers_that_are_named_are_used_and_not_started(tmp_path: Path) -> None:
    plan = Plan(tmp_path, {**DATABASES, "AMQP_URI": "amqp://broker/one", "SMTP_URL": "smtp://mail"})
    assert (plan.broker, plan.database, plan.mail_catcher()) == (None, None, None)
    assert plan.instance.services["events"].database_url == "postgresql+psycopg://db/events"
    assert plan.instance.services["events"].amqp_uri == "amqp://broker/one"
    assert plan.instance.smtp_url == "smtp://mail"
    assert set(plan.needed_ports()) == {*SERVICES, *(f"{service} relay" for service in SERVICES)}


def test_one_named_database_leaves_the_others_with_us(tmp_path: Path) -> None:
    plan = Plan(tmp_path, {"DATABASE_URL_EVENTS": DATABASES["DATABASE_URL_EVENTS"]})
    assert set(plan.database_roles()) == {"membership", "funding", "comms"}
    assert plan.instance.services["events"].database_url == "postgresql+psycopg://db/events"
    assert "127.0.0.1" in plan.instance.services["comms"].database_url


def test_each_service_gets_a_user_of_its_own_on_broker_and_database(tmp_path: Path) -> None:
    at = Plan(tmp_path, {}).instance.services
    assert len({service.amqp_uri for service in at.values()}) == len(SERVICES)
    assert all(
        f"//{name}:" in service.amqp_uri and f"//{name}:" in service.database_url for name, service in at.items()
    )


def test_secrets_are_made_once_and_kept_for_the_user_alone(tmp_path: Path) -> None:
    first, second = Plan(tmp_path, {}), Plan(tmp_path, {})
    first.prepare()
    assert first.instance == second.instance
    for name in ("secrets.json", "key.pem"):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600


def test_the_addresses_are_written_for_the_user_alone(tmp_path: Path) -> None:
    path = tmp_path / "instance.json"
    Plan(tmp_path, {}).instance.save(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert json.loads(path.read_text())["services"]["membership"]["url"] == "http://127.0.0.1:8001"


def test_each_start_begins_new_logs_and_keeps_the_ones_before(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "events.log").write_text("before")
    Plan(tmp_path, {}).prepare()
    assert [path.name for path in (tmp_path / "logs").iterdir()] == ["events.log.1"]
