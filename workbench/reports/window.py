"""The verdict on a window of users' traffic: at the terminal, as JSON evidence, Markdown and JUnit."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

from rich.table import Table

from workbench.domain.verdict import Verdict
from workbench.reports.evidence import sealed
from workbench.reports.gate_junit import render_junit
from workbench.reports.gate_terminal import STYLES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from rich.console import Console

    from workbench.domain.comparison import Difference
    from workbench.domain.window import WindowJudgement

SCHEMA: Final = "titanium.gate-window/v1"


def build(
    judgement: WindowJudgement,
    *,
    window: Mapping[str, float],
    prometheus: Sequence[str],
    version: str,
    differences: Mapping[str, Difference],
) -> dict[str, Any]:
    """Return the evidence document."""
    return sealed(
        {
            "schema": SCHEMA,
            "verdict": judgement.verdict.value,
            "confidence": asdict(judgement.confidence),
            "window": dict(window),
            "version": version or None,
            "slos": [
                {
                    "name": one.counted.name,
                    "display_name": one.counted.display_name,
                    "bad": one.bad,
                    "total": one.total,
                    "allowance": one.counted.allowance,
                    "interval": asdict(one.interval),
                    "verdict": one.verdict.value,
                    "sha256": one.counted.sha256,
                }
                for one in judgement.slos
            ],
            "preconditions": [asdict(one) for one in judgement.preconditions],
            "comparison": {name: asdict(one) for name, one in differences.items()},
            "prometheus": list(prometheus),
        }
    )


def write(folder: Path, document: Mapping[str, Any]) -> None:
    """Write the document, Markdown and JUnit."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "gate.json").write_text(json.dumps(document, indent=2, allow_nan=False) + "\n", encoding="utf-8")
    (folder / "gate.md").write_text(markdown(document), encoding="utf-8")
    (folder / "gate.xml").write_text(render_junit(document), encoding="utf-8")


def markdown(document: Mapping[str, Any]) -> str:
    """Return the page for a pull request or a job's summary."""
    level = document["confidence"]["level"]
    rows = [
        f"| {one['display_name']} | {one['bad']} / {one['total']} | {one['interval']['low']:.3%} to "
        f"{one['interval']['high']:.3%} | {one['allowance']:.2%} | {one['verdict']} |"
        for one in document["slos"]
    ]
    doubts = [
        f"* not met: {one['name']}: {one['observed']}. {one['remedy']}"
        for one in document["preconditions"]
        if not one["holds"]
    ]
    compared = [
        f"* {name}: {one['says']} ({one['value']:+.3%}, between {one['low']:+.3%} and {one['high']:+.3%})"
        for name, one in document["comparison"].items()
    ]
    return "\n".join(
        [
            f"## Gate: {document['verdict']}",
            "",
            f"| objective | bad / total | bad share ({level:.2%} sure) | allowed | verdict |",
            "|---|---:|---:|---:|---|",
            *rows,
            "",
            *doubts,
            *compared,
            "",
        ]
    )


def show(console: Console, judgement: WindowJudgement, differences: Mapping[str, Difference]) -> None:
    """Print objectives, doubts, the comparison, the verdict."""
    table = Table(box=None, pad_edge=False)
    table.add_column("objective", no_wrap=True)
    for title in ("bad", "total", f"bad share ({judgement.confidence.level:.1%} sure)", "allowed"):
        table.add_column(title, justify="right")
    table.add_column("verdict")
    for one in judgement.slos:
        table.add_row(
            one.counted.name,
            str(one.bad),
            str(one.total),
            f"{one.interval.low:.3%} to {one.interval.high:.3%}",
            f"{one.counted.allowance:.2%}",
            f"[{STYLES[one.verdict]}]{one.verdict}[/]",
        )
    console.print(table)
    for doubt in judgement.preconditions:
        if not doubt.holds:
            console.print(f"not met: {doubt.name}: {doubt.observed}", style="yellow", soft_wrap=True)
            console.print(f"  do: {doubt.remedy}", soft_wrap=True)
    for name, found in differences.items():
        console.print(f"{name}: {found.says} ({found.value:+.3%}, between {found.low:+.3%} and {found.high:+.3%})")
    console.print(f"verdict {judgement.verdict}", style=STYLES[Verdict(judgement.verdict)])
