"""Shipping access logs: nothing twice, nothing skipped, nothing held, whatever Loki and the rotation do."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from workbench.platform import log_shipper
from workbench.platform.log_shipper import Shipper, entry, labels


class FakeLoki:
    def __init__(self) -> None:
        self.takes = True
        self.streams: list[dict[str, Any]] = []

    def __call__(self, document: Mapping[str, Any]) -> bool:
        if self.takes:
            self.streams += document["streams"]
        return self.takes

    @property
    def lines(self) -> list[str]:
        return [value[1] for stream in self.streams for value in stream["values"]]


@pytest.fixture
def loki() -> FakeLoki:
    return FakeLoki()


@pytest.fixture
def shipper(tmp_path: Path, loki: FakeLoki) -> Shipper:
    return Shipper(tmp_path, tmp_path / "positions.json", loki)


def append(file: Path, text: str) -> None:
    with file.open("a") as stream:
        stream.write(text)


def test_proxies_logs_are_shipped_and_no_others(tmp_path: Path, shipper: Shipper, loki: FakeLoki) -> None:
    for name in ("ingress", "blog-sidecar", "blog", "prometheus"):
        append(tmp_path / f"{name}.log", f"{name}\n")
    assert shipper.step() == 2
    assert sorted(loki.lines) == ["blog-sidecar", "ingress"]


def test_an_unfinished_line_waits_for_its_end(tmp_path: Path, shipper: Shipper, loki: FakeLoki) -> None:
    append(tmp_path / "ingress.log", "one\ntw")
    shipper.step()
    append(tmp_path / "ingress.log", "o\n")
    shipper.step()
    assert loki.lines == ["one", "two"]
    assert shipper.step() == 0


def test_what_loki_does_not_take_is_tried_again(tmp_path: Path, shipper: Shipper, loki: FakeLoki) -> None:
    append(tmp_path / "ingress.log", "one\n")
    loki.takes = False
    assert shipper.step() == 0
    loki.takes = True
    assert shipper.step() == 1
    assert loki.lines == ["one"]


def test_a_restart_neither_repeats_nor_skips(tmp_path: Path, shipper: Shipper, loki: FakeLoki) -> None:
    append(tmp_path / "ingress.log", "one\n")
    shipper.step()
    append(tmp_path / "ingress.log", "two\n")
    Shipper(tmp_path, tmp_path / "positions.json", loki).step()
    assert loki.lines == ["one", "two"]


def test_a_rotated_log_is_read_from_its_start(tmp_path: Path, shipper: Shipper, loki: FakeLoki) -> None:
    log = tmp_path / "ingress.log"
    append(log, "old, and longer than the new one\n")
    shipper.step()
    log.rename(tmp_path / "ingress.log.1")
    append(log, "new\n")
    shipper.step()
    assert loki.lines[-1] == "new"


def test_one_step_holds_no_more_than_its_bound(
    tmp_path: Path, shipper: Shipper, loki: FakeLoki, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_shipper, "_READ_BYTES", 10)
    append(tmp_path / "ingress.log", "12345\n" * 3)
    assert [shipper.step() for _ in range(4)] == [1, 1, 1, 0]
    # Longer than a piece, so that it can never be whole: shipped in pieces instead of standing in the way.
    append(tmp_path / "ingress.log", "x" * 25 + "\n")
    for _ in range(3):
        shipper.step()
    assert "".join(loki.lines[3:]) == "x" * 25


def test_a_line_keeps_its_own_time_and_its_request(tmp_path: Path) -> None:
    line = json.dumps({"start_time": "2026-01-01T00:00:00.500Z", "request_id": "abc", "response_code": 503})
    assert entry(line) == ["1767225600500000000", line, {"request_id": "abc"}]


@pytest.mark.parametrize("line", ["[warning] no JSON", "[1, 2]", '{"request_id": null}'])
def test_other_lines_are_shipped_as_they_are(line: str) -> None:
    nanoseconds, shipped, ids = entry(line)
    assert (shipped, ids) == (line, {})
    assert int(nanoseconds) > 1_700_000_000 * 10**9


def test_labels_are_the_workload_and_the_container() -> None:
    assert labels("ingress")["service_name"] == "istio-ingressgateway"
    assert labels("blog-sidecar") == {"service_name": "blog", "environment": "development", "container": "istio-proxy"}


def test_a_secret_in_a_path_does_not_go_along() -> None:
    line = json.dumps({"path": "/v1/x?password=hunter2&n=1", "start_time": "2026-01-01T00:00:00Z", "n": 1})
    _, shipped, _ = entry(line)
    assert json.loads(shipped) == {
        "path": "/v1/x?password=[redacted]&n=1",
        "start_time": "2026-01-01T00:00:00Z",
        "n": 1,
    }
    plain = '{"path": "/v1/x?n=1"}'
    assert entry(plain)[1] == plain
