"""The proof notices broken rules: each mutation of the rules turns the generated tests red."""

from __future__ import annotations

import os
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from slo.compiler import TESTS, compile_all
from slo.resolve import load_objectives
from workbench.platform import components
from workbench.platform.instance import CHECKOUT, Instance
from workbench.slo.output import write

if TYPE_CHECKING:
    from collections.abc import Callable

PROMTOOL = components.obtain(components.PROMTOOL, Instance.from_environment().components)
NAME = "gateway-availability"
SUITES = ("1m", "2m", "30m")


def replaced(pattern: str, replacement: str, count: int = 0) -> Callable[[str], str]:
    def change(rules: str) -> str:
        changed, times = re.subn(pattern, replacement, rules, count=count)
        assert times, f"nothing to break: {pattern}"
        return changed

    return change


# What is broken, and which of the suites (by the time between evaluations) has to notice.
MUTANTS = {
    "a window label breaks the matching of `and`": (
        replaced(r"(record: slo:sli_errors:rate1h\n.*\n +labels:\n)( +)(slo:)", r'\1\2window: "1h"\n\2\3'),
        "1m",
    ),
    "alerts read another SLO's records": (
        replaced(rf'(slo:sli_errors:rate5m\{{slo=)"{NAME}"(\}} >)', r'\1"other"\2'),
        "1m",
    ),
    "`and` becomes `or`": (replaced(r"\n( +)and (slo:sli_errors)", r"\n\1or \2"), "1m"),
    "no `or 0 *` for errors that never happened": (replaced(r" or 0 \* sum\(slo:sli_total[^)]*\)", ""), "1m"),
    "the fast factor is doubled": (replaced(r"> 14\.4 \*", "> 28.8 *"), "1m"),
    "the fast factor is a third": (replaced(r"> 14\.4 \*", "> 4.8 *"), "1m"),
    "the slow factor is doubled": (replaced(r"> 3 \* 0\.005", "> 6 * 0.005"), "2m"),
    "the allowance is forgotten": (replaced(r"> 6 \* 0\.005 \*", "> 6 *"), "1m"),
    "the long window is not asked": (
        replaced(r"slo:sli_errors:rate1h(\{[^}]*\} > )", r"slo:sli_errors:rate5m\1"),
        "1m",
    ),
    "the short window is not asked": (replaced(r"\n +and slo:sli_errors:rate5m[^\n]*", ""), "1m"),
    "one failure is enough": (replaced(r"\n +and [0-9]+ \* [^\n]* >= 5", ""), "1m"),
    "a window reads the wrong time": (replaced(r"\}\[1h\]\)", "}[6h])"), "1m"),
    "a long window reads the wrong time": (replaced(r"rate5m(\{[^}]*\})\[3d\]", r"rate5m\1[1d]"), "2m"),
    "absence alerts nobody": (replaced(r"absent\(", "count("), "1m"),
    "increase instead of rate": (
        replaced(r"sum\(rate\((istio_requests_total\{[^}]*)response_code", r"sum(increase(\1response_code"),
        "1m",
    ),
    "counters are subtracted instead of rated": (
        replaced(r"rate\(istio_requests_total(\{[^}]*\})\[5m\]\)", r"delta(istio_requests_total\1[5m])"),
        "1m",
    ),
    "the budget is a mean of ratios": (
        replaced(
            r"expr: '1 - \(slo:sli_errors:rate30d(\{[^}]*\}) / \(0\.005[^\n]*",
            r"expr: '1 - avg_over_time((slo:sli_errors:rate5m\1 / (0.005 * slo:sli_total:rate5m\1))[30d:30m])'",
        ),
        "30m",
    ),
    "no traffic makes the budget no number": (
        replaced(r" > 0\)\) or 0 \* slo:sli_total:rate30d[^)]*\)", "))"),
        "1m",
    ),
}


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("compiled")
    chosen = [one for one in load_objectives([CHECKOUT / "slo" / "objectives"]) if one.name == NAME]
    write(compile_all(chosen, folder), folder)
    return folder


def passes(folder: Path, suite: str) -> bool:
    test = folder / TESTS / f"{NAME}.{suite}.yaml"
    return subprocess.run([PROMTOOL, "test", "rules", test], capture_output=True, check=False).returncode == 0


@pytest.fixture(scope="module")
def survivors(compiled: Path, tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """Which mutants the proof did not notice; as many are tried at once as there are processors."""
    rules = (compiled / "prometheus" / f"{NAME}.yaml").read_text(encoding="utf-8")

    def survives(what: str) -> bool:
        mutate, suite = MUTANTS[what]
        folder = tmp_path_factory.mktemp("mutant")
        test = Path(TESTS, f"{NAME}.{suite}.yaml")
        for name, text in ((Path("prometheus", f"{NAME}.yaml"), mutate(rules)), (test, (compiled / test).read_text())):
            (folder / name).parent.mkdir()
            (folder / name).write_text(text, encoding="utf-8")
        return passes(folder, suite)

    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        return {what for what, alive in zip(MUTANTS, pool.map(survives, MUTANTS), strict=True) if alive}


def test_what_is_not_broken_passes(compiled: Path) -> None:
    assert [passes(compiled, suite) for suite in SUITES] == [True] * len(SUITES)


@pytest.mark.parametrize("what", MUTANTS)
def test_a_broken_rule_is_noticed(what: str, survivors: set[str]) -> None:
    assert what not in survivors, "the proof did not notice"
