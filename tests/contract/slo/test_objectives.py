"""The platform's objectives: they hold to what the mesh really measures, and to what the platform really runs."""

import re
from pathlib import Path

import promql_parser
import pytest

from slo.criterion import Criterion, release_criteria
from slo.openslo import Service, Slo
from slo.reader import Found, read
from slo.selector import Selector
from workbench.mesh.local.labels import LABELS
from workbench.mesh.local.metrics import BUCKETS_MS
from workbench.mesh.local.placement import INGRESS_WORKLOAD

OBJECTIVES = Path(__file__).parents[3] / "slo" / "objectives"
DOCUMENTS = read([OBJECTIVES])
CRITERIA = release_criteria([OBJECTIVES])
SELECTORS = [selector for one in CRITERIA for selector in (one.numerator, one.total)]
# Istio's standard metrics for HTTP (istio.io, "Istio Standard Metrics"), as Prometheus stores them.
METRICS = {
    "istio_requests_total",
    "istio_request_duration_milliseconds_bucket",
    "istio_request_duration_milliseconds_count",
}


def matchers(selector: Selector) -> dict[str, tuple[str, str]]:
    """Each label's operator and value."""
    expression = promql_parser.parse(selector.text)
    assert isinstance(expression, promql_parser.VectorSelector)
    return {one.name: (str(one.op), one.value) for one in expression.matchers.matchers}


def named(name: str) -> Criterion:
    return next(one for one in CRITERIA if one.name == name)


@pytest.mark.parametrize("selector", SELECTORS, ids=lambda one: one.metric)
def test_a_selector_names_only_istios_metrics_and_labels(selector: Selector) -> None:
    own = {"le"} if selector.metric.endswith("_bucket") else set()

    assert selector.metric in METRICS
    assert set(matchers(selector)) <= {*LABELS, *own}


@pytest.mark.parametrize("selector", SELECTORS, ids=lambda one: one.metric)
def test_users_requests_are_counted_once_where_they_come_in(selector: Selector) -> None:
    place = {label: value for label, (_, value) in matchers(selector).items() if label not in {"le", "response_code"}}

    assert place == {
        "reporter": "source",
        "source_workload": INGRESS_WORKLOAD,
        "source_workload_namespace": "istio-ingress",
        "destination_service": "api-gateway.titanium-prod.svc.cluster.local",
    }


@pytest.mark.parametrize("criterion", CRITERIA, ids=lambda one: one.name)
def test_the_numerator_counts_a_part_of_the_total(criterion: Criterion) -> None:
    part, whole = matchers(criterion.numerator), matchers(criterion.total)

    assert whole.items() < part.items()
    assert criterion.numerator.metric.removesuffix("_bucket") == criterion.total.metric.removesuffix("_count")


def test_server_errors_and_missing_answers_are_bad_and_nothing_else_is() -> None:
    operator, pattern = matchers(named("gateway-availability").numerator)["response_code"]
    bad = [code for code in range(600) if re.fullmatch(pattern, str(code))]

    assert operator == str(promql_parser.MatchOp.Re)
    assert bad == [0, *range(500, 600)]


def test_the_limit_of_latency_is_a_bound_of_istios_buckets_in_both_spellings() -> None:
    latency = named("gateway-latency")
    _, pattern = matchers(latency.numerator)["le"]

    assert latency.threshold_ms in BUCKETS_MS
    # Prometheus 2 and 3 spell the same bound differently; its neighbours must not be taken for it.
    assert [one for one in ("50", "250", "500", "500.0", "5000", "1500", "+Inf") if re.fullmatch(pattern, one)] == [
        "500",
        "500.0",
    ]


@pytest.mark.parametrize("found", [one for one in DOCUMENTS if isinstance(one.document, Slo)], ids=str)
def test_an_objective_belongs_to_a_described_service_and_rolls_over_30_days(found: Found) -> None:
    assert isinstance(found.document, Slo)
    spec = found.document.spec

    assert spec.service in {one.document.metadata.name for one in DOCUMENTS if isinstance(one.document, Service)}
    assert [(window.duration, window.is_rolling) for window in spec.time_window] == [("30d", True)]
    assert spec.description


@pytest.mark.parametrize("found", DOCUMENTS, ids=str)
def test_a_file_is_named_after_its_document_and_says_why(found: Found) -> None:
    lines = found.file.read_text(encoding="utf-8").splitlines()

    assert found.file.stem in {found.document.metadata.name, found.document.kind.lower(), _service(found)}
    assert lines[0].startswith("# ")


def _service(found: Found) -> str:
    """The service whose objectives share a file."""
    return found.document.spec.service if isinstance(found.document, Slo) else found.document.metadata.name
