"""The client's half of what a gate observes: `load.json` and the raw samples beside it."""

import csv
import gzip
import json
from pathlib import Path

from chaos.load.result import SAMPLES_COLUMNS, LoadResult
from workbench.domain.observations import ClientView
from workbench.errors import UsageError


def read_load(file: Path) -> LoadResult:
    """Return the result of a load run.

    Raises:
        UsageError: there is no such file, or it is not one of ours.
    """
    try:
        return LoadResult.from_json(json.loads(file.read_text(encoding="utf-8")))
    except OSError as error:
        raise UsageError(f"{file}: {error.strerror}", hint="make one with: titanium load") from error
    except ValueError as error:
        raise UsageError(f"{file} is not the result of a load run: {error}") from error


def client_view(load: LoadResult, folder: Path) -> ClientView:
    """Return what the client saw; `folder` has the samples.

    Raises:
        UsageError: the samples are missing, damaged, or not those of this run.
    """
    requests = _read_samples(folder / load.samples_file)
    if len(requests) != load.started:
        raise UsageError(
            f"{folder / load.samples_file} has {len(requests)} requests, the run sent {load.started}",
            hint="the files of a run belong together: run the load again",
        )
    return ClientView(
        started_at=load.started_at,
        ended_at=load.ended_at,
        target_rps=load.rate_rps,
        offered_rps=load.offered_rps,
        dropped=load.dropped,
        failed=load.failed,
        lag_p99_ms=load.lag_ms.p99,
        p95_ms=load.latency_ms.p95,
        interrupted=load.interrupted,
        requests=requests,
    )


def _read_samples(file: Path) -> list[tuple[float, float]]:
    try:
        with gzip.open(file, "rt", encoding="utf-8", newline="") as stream:
            rows = csv.DictReader(stream)
            if tuple(rows.fieldnames or ()) != SAMPLES_COLUMNS:
                raise UsageError(f"{file} has the columns {rows.fieldnames}, expected {', '.join(SAMPLES_COLUMNS)}")
            return [(float(row["intended_start"]), float(row["latency_ms"])) for row in rows]
    except (OSError, EOFError, ValueError) as error:
        raise UsageError(f"{file} cannot be read: {error}", hint="run the load again") from error
