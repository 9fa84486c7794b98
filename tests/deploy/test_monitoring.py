"""Alerts and dashboards ask for metrics that exist, and the handbook knows every alert."""

import json
import re
from importlib import import_module
from pathlib import Path
from typing import Any

import yaml
from prometheus_client import REGISTRY

ROOT = Path(__file__).parents[2]
DEFINED_IN = (
    "shared.http.telemetry",
    "shared.messaging.subscription_metrics",
    "shared.messaging.relay.metrics",
)
SUFFIXES = r"_(?:bucket|count|sum|created)$"


def rules() -> list[dict[str, Any]]:
    groups = yaml.safe_load((ROOT / "deploy/prometheus/alerts.yml").read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def expressions() -> list[str]:
    dashboard = json.loads((ROOT / "deploy/grafana/dashboards/intercoop.json").read_text())
    charted = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    return [rule["expr"] for rule in rules()] + charted


def known() -> set[str]:
    """Names as Prometheus sees them: what registers itself, and what is counted at the moment it is asked for."""
    for module in DEFINED_IN:
        import_module(module)
    registered = {name for metric in REGISTRY.collect() for name in (metric.name, f"{metric.name}_total")}
    counted = re.findall(r'GaugeMetricFamily\(\s*"(intercoop_\w+)"', (ROOT / "shared/http/health.py").read_text())
    return registered | set(counted)


def test_every_metric_asked_for_exists() -> None:
    asked = {re.sub(SUFFIXES, "", name) for text in expressions() for name in re.findall(r"intercoop_\w+", text)}
    assert len(asked) > 8
    assert asked - known() == set()


def test_a_metric_that_does_not_exist_would_be_noticed() -> None:
    assert "intercoop_made_up_total" not in known()


def test_the_handbook_says_what_every_alert_means() -> None:
    handbook = (ROOT / "docs/operations.md").read_text()
    unexplained = [rule["alert"] for rule in rules() if f"**{rule['alert']}**" not in handbook]
    assert unexplained == []


def test_every_alert_says_what_is_wrong_and_how_urgent_it_is() -> None:
    assert all(rule["annotations"]["summary"] and rule["labels"]["severity"] in {"page", "warn"} for rule in rules())


def test_prometheus_asks_every_service_every_relay_and_the_broker() -> None:
    jobs = yaml.safe_load((ROOT / "deploy/prometheus/prometheus.yml").read_text())["scrape_configs"]
    asked = {target.split(":")[0] for job in jobs for static in job["static_configs"] for target in static["targets"]}
    parts = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    expected = {name for name, part in parts.items() if part.get("command", [""])[0] in {"serve", "relay"}}
    assert asked == expected | {"broker"}
