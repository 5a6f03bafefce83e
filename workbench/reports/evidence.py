"""The evidence of a verdict: one JSON document that holds everything it rests on, and the files for people and CI.

Schema `titanium.gate/v2` (docs/schemas/gate-evidence.schema.json). Each file is written whole or not at all.
"""

import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from jsonschema import ValidationError, validate

from chaos.load.result import LoadResult
from workbench.domain.confidence import Confidence
from workbench.domain.gate import Judgement, SloJudgement
from workbench.domain.observations import Observations
from workbench.domain.outlook import more_seconds
from workbench.domain.series import Series, Span
from workbench.errors import UsageError
from workbench.reports.gate_html import render_html
from workbench.reports.gate_junit import render_junit
from workbench.reports.gate_markdown import render_markdown

SCHEMA: Final = "titanium.gate/v2"
EVIDENCE_FILE: Final = "gate.json"
SCHEMA_FILE: Final = Path(__file__).parents[2] / "docs" / "schemas" / "gate-evidence.schema.json"
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
    return sealed(
        {
            "schema": SCHEMA,
            "verdict": judgement.verdict.value,
            "confidence": {"level": judgement.confidence.level, "z": judgement.confidence.z},
            "window": {"start": load.started_at, "end": load.ended_at},
            "counted": {"start": span.start, "end": span.end} if span else None,
            "slos": [_slo(one, judgement.confidence, span) for one in judgement.slos],
            "preconditions": [asdict(one) for one in judgement.preconditions],
            "mesh_p95_ms": {"above": bucket[0], "up_to": bucket[1] if math.isfinite(bucket[1]) else None}
            if bucket
            else None,
            "load": load.to_json(),
            "client_latency_histogram": _latencies(observations),
            "client_seconds": _seconds(observations),
            "hops": _hops(observations, span),
            "prometheus": {"url": prometheus_url, "scrape_interval_s": observations.scrape_interval_s},
            "queries": list(queries),
            "versions": dict(versions),
            "machine": machine,
        }
    )


def sealed(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the document with its own digest, by which a later change is seen."""
    return {**document, "sha256": digest(document)}


def digest(document: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a document without its digest, in a form that does not depend on spaces or order."""
    rest = {key: value for key, value in document.items() if key != "sha256"}
    return sha256(json.dumps(rest, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()).hexdigest()


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


def _seconds(observations: Observations) -> list[dict[str, Any]]:
    """Return for each second of the run how many requests were due and sent, and how many of them failed."""
    client = observations.client
    sent = Counter(int(start - client.started_at) for start, _ in client.requests)
    failed = Counter(int(start - client.started_at) for start in client.failed_at)
    return [
        {"second": second, "sent": sent[second], "failed": failed[second]}
        for second in range(max(1, math.floor(client.ended_at - client.started_at)))
    ]


def _hops(observations: Observations, span: Span | None) -> list[dict[str, Any]]:
    """Return each edge's requests and their mean duration in milliseconds, as the receiver measured it."""
    if span is None:
        return []
    counted = [(hop, _seen(hop.requests, span), _seen(hop.duration_ms, span)) for hop in observations.hops]
    return [
        {
            "source": hop.source,
            "destination": hop.destination,
            "requests": round(requests),
            "mean_ms": round(duration / requests, 3),
        }
        for hop, requests, duration in counted
        if requests >= 1
    ]


def _seen(series: Sequence[Series], span: Span) -> float:
    """Return the growth between each counter's own first and last sample: every proxy is scraped at its own times."""
    inside = [one.between(span.start, span.end) for one in series]
    return sum(samples[-1][1] - samples[0][1] for samples in inside if samples)


def _slo(slo: SloJudgement, confidence: Confidence, span: Span | None) -> dict[str, Any]:
    criterion = slo.counts.criterion
    rate = slo.total / span.seconds if span else 0.0
    return {
        "name": criterion.name,
        "display_name": criterion.display_name,
        "objective": criterion.objective,
        "threshold_ms": criterion.threshold_ms,
        "file": criterion.file,
        "sha256": criterion.sha256,
        "numerator": {"query": criterion.numerator.text, "is_good": criterion.numerator_is_good},
        "total_query": criterion.total.text,
        "tally": asdict(slo.tally),
        "bad": slo.bad,
        "total": slo.total,
        "allowance": slo.allowance,
        "needs_more_s": more_seconds(slo.bad, slo.total, slo.allowance, z=confidence.z, rate=rate),
        "interval": {"low": slo.interval.low, "high": slo.interval.high},
        "verdict": slo.verdict.value,
    }


def write_evidence(folder: Path, document: Mapping[str, Any]) -> None:
    """Write the document and what is rendered from it."""
    folder.mkdir(parents=True, exist_ok=True)
    _write(folder / EVIDENCE_FILE, json.dumps(document, indent=2, allow_nan=False) + "\n")
    for name, text in rendered(document).items():
        _write(folder / name, text)


def rendered(document: Mapping[str, Any]) -> dict[str, str]:
    """Return what is made of a document for people and CI, by file name."""
    return {
        "gate.md": render_markdown(document),
        "gate.xml": render_junit(document),
        "gate.html": render_html(document),
    }


def read_evidence(path: Path) -> dict[str, Any]:
    """Return the document of a file, or of the folder it lies in.

    Raises:
        UsageError: there is none, or it is none of this version.
    """
    file = path / EVIDENCE_FILE if path.is_dir() else path
    try:
        document: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        schema = document["schema"]
    except OSError as error:
        raise UsageError(f"{file}: {error.strerror}", hint="evidence is made by: titanium gate") from error
    except (ValueError, TypeError, LookupError) as error:
        raise UsageError(f"{file} is no evidence of a gate: {error}") from error
    if schema != SCHEMA:
        raise UsageError(f"{file} has the schema {schema!r}, this program reads {SCHEMA}")
    try:
        validate(document, json.loads(SCHEMA_FILE.read_text(encoding="utf-8")))
    except ValidationError as error:
        raise UsageError(f"{file} is damaged: {error.json_path}: {error.message}") from error
    return document


def _write(file: Path, text: str) -> None:
    draft = file.with_name(f".{file.name}.part")
    draft.write_text(text, encoding="utf-8")
    draft.replace(file)
