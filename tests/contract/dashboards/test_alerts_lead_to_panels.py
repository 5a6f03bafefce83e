"""Every alert leads to a dashboard that is there, with variables that it has, and to a panel of it if it names one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import yaml

from workbench.platform.instance import CHECKOUT

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDERS = ("slo/generated/prometheus", "alerts/generated/prometheus")


def alerts() -> Iterator[tuple[str, dict[str, str]]]:
    for folder in FOLDERS:
        for file in sorted((CHECKOUT / folder).glob("*.yaml")):
            for group in yaml.safe_load(file.read_text(encoding="utf-8"))["groups"]:
                for rule in group["rules"]:
                    if "alert" in rule:
                        yield f"{file.stem}: {rule['alert']}", rule["annotations"]


def mistakes(address: str, built: dict[str, dict[str, Any]]) -> Iterator[str]:
    parts = urlsplit(address)
    document = built.get(parts.path.removeprefix("/d/"))
    if document is None:
        yield f"no dashboard {parts.path}"
        return
    query = parse_qs(parts.query)
    variables = {f"var-{one['name']}" for one in document["templating"]["list"]}
    yield from (f"no variable {name}" for name in query if name.startswith("var-") and name not in variables)
    panels = {str(panel["id"]) for panel in document["panels"]}
    yield from (f"no panel {number}" for number in query.get("viewPanel", []) if number not in panels)


def test_every_alert_leads_to_a_panel(built: dict[str, dict[str, Any]]) -> None:
    wrong = [f"{name}: {said}" for name, found in alerts() for said in mistakes(found["dashboard_url"], built)]
    assert wrong == []
    assert len(list(alerts())) > 40


def test_a_wrong_address_is_noticed(built: dict[str, dict[str, Any]]) -> None:
    assert list(mistakes("https://x/d/nowhere", built)) == ["no dashboard /d/nowhere"]
    assert list(mistakes("https://x/d/slo?var-slo=a&var-x=b&viewPanel=1", built)) == ["no variable var-x", "no panel 1"]
