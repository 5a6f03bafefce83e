"""The client's half of what a gate observes: `load.json` and the raw samples beside it."""

import csv
import gzip
import json
import zlib
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
    samples = _read_samples(folder / load.samples_file)
    requests = [(start, latency) for start, latency, _ in samples]
    failed_at = [start for start, _, ok in samples if not ok]
    if len(requests) != load.started:
        raise UsageError(
            f"{folder / load.samples_file} has {len(requests)} requests, the run sent {load.started}",
            hint="the files of a run belong together: run the load again",
        )
    if len(failed_at) != load.failed:
        raise UsageError(
            f"{folder / load.samples_file} has {len(failed_at)} failed requests, the run counted {load.failed}",
            hint="the files of a run belong together: run the load again",
        )
    return ClientView(
        started_at=load.started_at,
        ended_at=load.ended_at,
        target_rps=load.rate_rps,
        offered_rps=load.offered_rps,
        dropped=load.dropped,
        failed_at=failed_at,
        lag_p99_ms=load.lag_ms.p99,
        interrupted=load.interrupted,
        requests=requests,
        target=load.target,
    )


def _read_samples(file: Path) -> list[tuple[float, float, bool]]:
    try:
        with gzip.open(file, "rt", encoding="utf-8", newline="") as stream:
            rows = csv.DictReader(stream)
            if tuple(rows.fieldnames or ()) != SAMPLES_COLUMNS:
                raise UsageError(f"{file} has the columns {rows.fieldnames}, expected {', '.join(SAMPLES_COLUMNS)}")
            return [(float(row["intended_start"]), float(row["latency_ms"]), row["ok"] == "1") for row in rows]
    except (OSError, EOFError, ValueError, TypeError, csv.Error, zlib.error) as error:
        raise UsageError(f"{file} cannot be read: {error}", hint="run the load again") from error
