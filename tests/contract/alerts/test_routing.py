"""Alertmanager accepts the configuration, and every alert of every file reaches whom it must."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from alerts import routing
from alerts.routing import CHAT, DEAD_MAN, MAIL, PAGER
from workbench.alerts.files import GENERATED
from workbench.platform import components
from workbench.platform.instance import CHECKOUT, Instance

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

RULE_FOLDERS = ("slo/generated/prometheus", "alerts/generated/prometheus", "alerts/generated/loki")
RECEIVERS = {"critical": PAGER, "warning": CHAT, "info": MAIL}


@pytest.fixture(scope="session")
def amtool() -> Path:
    return components.obtain(components.AMTOOL, Instance.from_environment().components)


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The cluster's configuration, with the templates where they are here."""
    text = (GENERATED / "alertmanager/alertmanager.yaml").read_text()
    file: Path = tmp_path_factory.mktemp("alertmanager") / "alertmanager.yml"
    file.write_text(text.replace("/etc/alertmanager/templates", str(CHECKOUT / "alerts/templates")))
    return file


def rules() -> Iterator[tuple[str, dict[str, str]]]:
    for folder in RULE_FOLDERS:
        for file in sorted((CHECKOUT / folder).glob("*.yaml")):
            for group in yaml.safe_load(file.read_text())["groups"]:
                for rule in group["rules"]:
                    if "alert" in rule:
                        yield rule["alert"], rule.get("labels", {})


def test_alertmanager_accepts_both_configurations(amtool: Path, cluster: Path, tmp_path: Path) -> None:
    local = tmp_path / "local.yml"
    local.write_text(yaml.safe_dump(routing.local("http://127.0.0.1:1/notifications")))
    for file in (cluster, local):
        done = subprocess.run([amtool, "check-config", file], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def test_every_alert_reaches_whom_it_must(amtool: Path, cluster: Path) -> None:
    kinds = {(name, labels["severity"]) for name, labels in rules()}
    assert len(kinds) > 35
    for name, severity in sorted(kinds):
        receiver = DEAD_MAN if name == routing.WATCHDOG else RECEIVERS[severity]
        labels = [f"alertname={name}", f"severity={severity}"]
        command = [
            str(amtool),
            "config",
            "routes",
            "test",
            f"--config.file={cluster}",
            f"--verify.receivers={receiver}",
        ]
        done = subprocess.run([*command, *labels], capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{name} ({severity}): {done.stdout}{done.stderr}"


def test_a_wrong_receiver_is_noticed(amtool: Path, cluster: Path) -> None:
    command = [str(amtool), "config", "routes", "test", f"--config.file={cluster}", f"--verify.receivers={MAIL}"]
    done = subprocess.run([*command, "severity=critical"], capture_output=True, check=False)
    assert done.returncode != 0


def test_no_secret_stands_in_the_configuration() -> None:
    document: dict[str, Any] = routing.cluster()
    text = yaml.safe_dump(document)
    assert "_file" in text
    for word in ("api_url:", "routing_key:", "auth_password:", "credentials:"):
        assert word not in text


def test_what_silences_is_an_alert_that_is_there() -> None:
    names = {name for name, _ in rules()}
    for rule in routing.inhibitions():
        for matcher in rule["source_matchers"]:
            if matcher.startswith('alertname="'):
                assert matcher.partition('"')[2].rstrip('"') in names
