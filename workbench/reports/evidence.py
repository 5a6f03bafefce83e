"""The evidence of a verdict: one JSON document that holds everything it rests on, and the files for people and CI.

Schema `titanium.gate/v2` (docs/schemas/gate-evidence.schema.json). Each file is written whole or not at all.
"""

import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from chaos.load.result import LoadResult
from workbench.domain.gate import Judgement, SloJudgement
from workbench.domain.observations import Observations
from workbench.reports.gate_html import render_html
from workbench.reports.gate_junit import render_junit
from workbench.reports.gate_markdown import render_markdown

SCHEMA: Final = "titanium.gate/v2"
EVIDENCE_FILE: Final = "gate.json"
# Bins of equal width on a logarithmic axis: 1.122 from bound to bound.
_BINS_PER_DECADE: Final = 20
_SHORTEST_MS: Final = 0.1


def build_evidence(  # noqa: PLR0913 - a document has as many parts as it has
    judgement: Judgement,
    observations: Observations,
    load: LoadResult,
    *,
    versions: Mapping[str, str],
    machine: str,
    prometheus_url: str,
    queries: Sequence[str],
) -> dict[str, Any]:
    """Return the document."""
    bucket, span = judgement.p95_bucket_ms, judgement.span
    return {
        "schema": SCHEMA,
        "verdict": judgement.verdict.value,
        "confidence": {"level": judgement.confidence.level, "z": judgement.confidence.z},
        "window": {"start": load.started_at, "end": load.ended_at},
        "counted": {"start": span.start, "end": span.end} if span else None,
        "slos": [_slo(one) for one in judgement.slos],
        "preconditions": [asdict(one) for one in judgement.preconditions],
        "mesh_p95_ms": {"above": bucket[0], "up_to": bucket[1] if math.isfinite(bucket[1]) else None}
        if bucket
        else None,
        "load": load.to_json(),
        "client_latency_histogram": _latencies(observations),
        "prometheus": {"url": prometheus_url, "scrape_interval_s": observations.scrape_interval_s},
        "queries": list(queries),
        "versions": dict(versions),
        "machine": machine,
    }


def _latencies(observations: Observations) -> list[dict[str, Any]]:
    """Return how many requests took up to each bound (milliseconds, from the intended start): every non-empty bin."""
    numbers = Counter(
        math.ceil(_BINS_PER_DECADE * math.log10(max(latency, _SHORTEST_MS)))
        for _, latency in observations.client.requests
    )
    return [
        {"up_to_ms": float(f"{10 ** (number / _BINS_PER_DECADE):.4g}"), "count": numbers[number]}
        for number in range(min(numbers, default=0), max(numbers, default=-1) + 1)
    ]


def _slo(slo: SloJudgement) -> dict[str, Any]:
    criterion = slo.counts.criterion
    return {
        "name": criterion.name,
        "display_name": criterion.display_name,
        "objective": criterion.objective,
        "threshold_ms": criterion.threshold_ms,
        "file": criterion.file,
        "sha256": criterion.sha256,
        "numerator": {"query": criterion.numerator.text, "is_good": criterion.numerator_is_good},
        "total_query": criterion.total.text,
        "bad": slo.bad,
        "total": slo.total,
        "allowance": slo.allowance,
        "interval": {"low": slo.interval.low, "high": slo.interval.high},
        "verdict": slo.verdict.value,
    }


def write_evidence(folder: Path, document: Mapping[str, Any]) -> None:
    """Write the document and what is rendered from it."""
    folder.mkdir(parents=True, exist_ok=True)
    _write(folder / EVIDENCE_FILE, json.dumps(document, indent=2, allow_nan=False) + "\n")
    _write(folder / "gate.md", render_markdown(document))
    _write(folder / "gate.xml", render_junit(document))
    _write(folder / "gate.html", render_html(document))


def _write(file: Path, text: str) -> None:
    draft = file.with_name(f".{file.name}.part")
    draft.write_text(text, encoding="utf-8")
    draft.replace(file)
