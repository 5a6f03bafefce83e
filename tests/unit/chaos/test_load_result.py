"""The document between `titanium load` and the gate: inverse, complete, and refused when it contradicts itself."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest

from chaos.load.result import Generator, LagSummary, LatencySummary, LoadResult, ScenarioSummary

LATENCY = LatencySummary(mean=12.0, p50=10.0, p90=20.0, p95=25.0, p99=90.0, max=120.0)


def a_result(**changes: Any) -> LoadResult:  # noqa: ANN401  fields of any type
    result = LoadResult(
        run_id="20261123-043000-abcd",
        target="http://127.0.0.1:21000",
        arrival="constant",
        rate_rps=100.0,
        duration_s=60.0,
        warmup_s=10.0,
        started_at=1_700_000_000.0,
        ended_at=1_700_000_060.0,
        offered=6000,
        started=5990,
        completed=5988,
        failed=2,
        dropped=10,
        failures={"timeout": 1, "wrong body: id": 1},
        lag_ms=LagSummary(p50=0.1, p99=4.0, max=9.0),
        latency_ms=LATENCY,
        by_scenario={"open a post": ScenarioSummary(started=5990, completed=5988, failed=2, latency_ms=LATENCY)},
        samples_file="samples.csv.gz",
        generator=Generator(name="locust", version="2.47.0", machine="2 cores"),
        seed=1,
        workers=1,
        interrupted=False,
    )
    return dataclasses.replace(result, **changes)


def a_document(**changes: Any) -> dict[str, Any]:  # noqa: ANN401  fields of any type
    document: dict[str, Any] = json.loads(json.dumps(a_result().to_json()))
    return {**document, **changes}


def test_a_result_survives_the_way_through_json() -> None:
    assert LoadResult.from_json(a_document()) == a_result()


def test_the_offered_rate_counts_what_was_due_whether_sent_or_dropped() -> None:
    assert a_result().offered_rps == pytest.approx(100.0)


def test_whole_numbers_are_accepted_where_seconds_are_expected() -> None:
    assert LoadResult.from_json(a_document(duration_s=60)).duration_s == 60.0


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ([], "expected an object, got list"),
        ({}, "schema is None"),
        (a_document(schema="titanium.load/v2"), "schema is 'titanium.load/v2'"),
        ({k: v for k, v in a_document().items() if k != "dropped"}, "missing dropped"),
        (a_document(color="red"), "unknown color"),
        (a_document(offered="6000"), "load result.offered: expected int, got '6000'"),
        (a_document(offered=True), "load result.offered: expected int, got True"),
        (a_document(rate_rps=float("nan")), "load result.rate_rps: nan is not a finite number"),
        (a_document(latency_ms={"mean": 1.0}), "load result.latency_ms: missing max, p50, p90, p95, p99"),
        (a_document(failures={"timeout": 0.5}), "load result.failures.timeout: expected int"),
        (a_document(by_scenario=[]), "load result.by_scenario: expected an object, got list"),
    ],
)
def test_a_foreign_document_is_refused_by_the_name_of_its_field(document: object, message: str) -> None:
    with pytest.raises(ValueError, match=r"^load result") as refusal:
        LoadResult.from_json(document)
    assert message in str(refusal.value)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"offered": 6001}, "offered 6001"),
        ({"started": 5991, "offered": 6001}, "started 5991"),
        ({"failures": {"timeout": 1}}, "failures add up to 1"),
        ({"dropped": -1, "offered": 5989}, "dropped must not be negative"),
        ({"arrival": "uniform"}, "arrival is 'uniform'"),
        ({"ended_at": 1_699_999_999.0}, "ended_at"),
    ],
)
def test_counts_that_do_not_add_up_are_no_result(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        a_result(**changes)
