"""The proof holds: for the platform's own objectives, and for a tree of examples with every shape of indicator.

Of the platform's objectives those that differ in more than a name: `titanium slo test` proves them all. Examples take
a minute, and are proven by `make test-full`.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from slo.compiler import TESTS, compile_all
from slo.resolve import load_objectives
from workbench.platform import components
from workbench.platform.instance import CHECKOUT, Instance
from workbench.slo.output import write
from workbench.slo.proof import run_tests

TREES = {"platform": CHECKOUT / "slo" / "objectives", "examples": Path(__file__).with_name("examples")}
SAME_BUT_FOR_A_NAME = {
    f"{service}-{what}" for service in ("auth", "user", "blog") for what in ("availability", "latency")
}


@pytest.mark.parametrize("tree", ["platform", pytest.param("examples", marks=pytest.mark.full)])
def test_every_alert_fires_when_it_must_and_at_no_other_time(tree: str, tmp_path: Path) -> None:
    objectives = [one for one in load_objectives([TREES[tree]]) if one.name not in SAME_BUT_FOR_A_NAME]
    write(compile_all(objectives, tmp_path), tmp_path)
    promtool = components.obtain(components.PROMTOOL, Instance.from_environment().components)
    files = sorted((tmp_path / TESTS).iterdir())

    proofs = list(run_tests(promtool, files))
    assert {file.name.rsplit(".", 2)[0] for file in files} == {one.name for one in objectives}
    assert [proof.said for proof in proofs if not proof.passed] == []
