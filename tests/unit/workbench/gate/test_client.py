"""The client's half of a judgement: the files of a run, whole, or one clear error."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from chaos.load.result import Generator, LagSummary, LatencySummary, LoadResult
from workbench.errors import UsageError
from workbench.gate.client import client_view, read_load

HEADING = "intended_start,latency_ms,scenario,ok,reason\n"
ROWS = "1000.5,20.0,read,1,\n1001.0,30.0,read,0,wrong body\n"


def a_load(**changes: Any) -> LoadResult:  # noqa: ANN401 - fields of a load result
    fields: dict[str, Any] = {
        "run_id": "r",
        "target": "http://127.0.0.1:21000",
        "arrival": "constant",
        "rate_rps": 2.0,
        "duration_s": 1.0,
        "warmup_s": 0.0,
        "started_at": 1000.0,
        "ended_at": 1001.0,
        "offered": 2,
        "started": 2,
        "completed": 1,
        "failed": 1,
        "dropped": 0,
        "failures": {"wrong body": 1},
        "lag_ms": LagSummary(0.1, 1.0, 2.0),
        "latency_ms": LatencySummary(25.0, 20.0, 30.0, 30.0, 30.0, 30.0),
        "by_scenario": {},
        "samples_file": "samples.csv.gz",
        "generator": Generator("test", "1", "here"),
        "seed": 1,
        "workers": 1,
        "interrupted": False,
    }
    return LoadResult(**{**fields, **changes})


def write_samples(folder: Path, text: str) -> None:
    (folder / "samples.csv.gz").write_bytes(gzip.compress(text.encode()))


def test_what_the_client_saw_is_read_with_every_request(tmp_path: Path) -> None:
    write_samples(tmp_path, HEADING + ROWS)

    view = client_view(a_load(), tmp_path)

    assert view.requests == [(1000.5, 20.0), (1001.0, 30.0)]
    assert view.failed_at == [1001.0]
    assert (view.target, view.target_rps, view.offered_rps) == ("http://127.0.0.1:21000", 2.0, 2.0)


def test_a_load_result_is_read_from_its_file(tmp_path: Path) -> None:
    (tmp_path / "load.json").write_text(json.dumps(a_load().to_json()))

    assert read_load(tmp_path / "load.json") == a_load()


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"schema": "titanium.load/v2"}', "\udcff"])
def test_a_file_that_is_no_load_result_is_named(text: str, tmp_path: Path) -> None:
    file = tmp_path / "load.json"
    file.write_bytes(text.encode("utf-8", "surrogateescape"))

    with pytest.raises(UsageError, match="is not the result of a load run"):
        read_load(file)


def test_a_run_that_is_not_there_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="No such file") as caught:
        read_load(tmp_path / "load.json")
    assert "titanium load" in caught.value.hint


BROKEN = {
    "of another run": (HEADING + ROWS + "1001.5,1.0,read,1,\n", "has 3 requests, the run sent 2"),
    "with other failures": (HEADING + ROWS.replace(",0,", ",1,"), "has 0 failed requests, the run counted 1"),
    "with other columns": ("a,b\n1,2\n", "has the columns"),
    "empty": ("", "has the columns"),
    "with a torn row": (HEADING + "1000.5,20.0,read,1,\n1001.0", "cannot be read"),
    "with text for a number": (HEADING + ROWS.replace("20.0", "fast"), "cannot be read"),
}


@pytest.mark.parametrize("what", BROKEN)
def test_samples_that_are_not_those_of_the_run_are_refused(what: str, tmp_path: Path) -> None:
    text, message = BROKEN[what]
    write_samples(tmp_path, text)

    with pytest.raises(UsageError, match=message):
        client_view(a_load(), tmp_path)


@pytest.mark.parametrize("damage", [b"not gzip", gzip.compress((HEADING + ROWS).encode())[:-9], None])
def test_samples_that_are_damaged_or_missing_are_refused(damage: bytes | None, tmp_path: Path) -> None:
    if damage is not None:
        (tmp_path / "samples.csv.gz").write_bytes(damage)

    with pytest.raises(UsageError, match="cannot be read"):
        client_view(a_load(), tmp_path)


_PACKED = gzip.compress((HEADING + ROWS).encode(), mtime=0)
# The ten bytes of a gzip header hold a time and a system, which nobody reads.
_HEADER_BYTES = 10


@pytest.mark.parametrize("position", range(_HEADER_BYTES, len(_PACKED)))
def test_samples_with_a_damaged_byte_are_refused(position: int, tmp_path: Path) -> None:
    packed = bytearray(_PACKED)
    packed[position] ^= 0xFF
    (tmp_path / "samples.csv.gz").write_bytes(packed)

    with pytest.raises(UsageError):
        client_view(a_load(), tmp_path)


def test_a_field_without_end_is_refused(tmp_path: Path) -> None:
    write_samples(tmp_path, HEADING + '1000.5,20.0,"' + "x" * 200_000)

    with pytest.raises(UsageError, match="cannot be read: field larger"):
        client_view(a_load(), tmp_path)
