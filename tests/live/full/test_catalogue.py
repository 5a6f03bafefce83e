"""The catalogue of what Loki writes is true; the other jobs' is in tests/live/platform."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from services.common.telemetry import foreign
from tests.live.metric_labels import labels_of
from workbench.platform.readiness import wait_until

if TYPE_CHECKING:
    from tests.live.conftest import LivePlatform

pytestmark = pytest.mark.full


def test_loki_writes_what_the_catalogue_says(observed: LivePlatform) -> None:
    wait_until(
        lambda: labels_of(observed, "loki_request_duration_seconds_count", "loki") is not None, "Loki counts", 30
    )
    found = {metric: labels_of(observed, metric, "loki") for metric in foreign.JOBS["loki"]}
    of_samples = found.pop("loki_discarded_samples_total")  # nothing is discarded on a good day
    assert found == {metric: foreign.JOBS["loki"][metric] for metric in found}
    assert of_samples is None or of_samples <= foreign.JOBS["loki"]["loki_discarded_samples_total"]
