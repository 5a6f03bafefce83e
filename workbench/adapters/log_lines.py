"""A request's log lines: from Loki, or where there is none from the files that it would have got them from."""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import httpx

from workbench.adapters.loki import Loki
from workbench.domain.trace import LogLine

_LIMIT: Final = 500
_INGRESS_PROCESS: Final = "ingress"
_INGRESS_WORKLOAD: Final = "istio-ingressgateway"


def from_loki(
    url: str, ids: Mapping[str, str], span_us: tuple[int, int], *, transport: httpx.BaseTransport | None = None
) -> list[LogLine]:
    """Return lines whose structured metadata has one of the ids (name → value), within the time.

    Raises:
        CannotDecideError: Loki does not answer, or not as expected.
    """
    condition = " or ".join(f"{name}={json.dumps(value)}" for name, value in ids.items())
    query = f'{{service_name=~".+"}} | {condition}'
    streams = Loki(url, transport=transport).streams(query, span_us, _LIMIT)
    return [_of_loki(stream["stream"], value) for stream in streams for value in stream["values"]]


def _of_loki(labels: Mapping[str, str], value: tuple[str, str]) -> LogLine:
    fields, workload = _fields(value[1]), labels.get("service_name", "")
    return LogLine(int(value[0]) // 1000, workload, value[1], labels.get("span_id", ""), _side(fields))


def from_files(folder: Path, ids: Mapping[str, str]) -> list[LogLine]:
    """Return lines of the logs in a folder that name one of the ids; files are read a line at a time."""
    return [line for file in sorted(folder.glob("*.log*")) for line in _of_file(file, ids)]


def _of_file(file: Path, ids: Mapping[str, str]) -> Iterator[LogLine]:
    process = file.name.partition(".log")[0].removesuffix("-sidecar")
    workload = _INGRESS_WORKLOAD if process == _INGRESS_PROCESS else process
    with file.open(encoding="utf-8", errors="replace") as stream:
        for text in stream:
            if not any(value in text for value in ids.values()):
                continue
            fields = _fields(text)
            if any(fields.get(name) == value for name, value in ids.items()):
                span = str(fields.get("span_id", ""))
                yield LogLine(_time_us(fields), workload, text.rstrip("\n"), span, _side(fields))


def _side(fields: Mapping[str, Any]) -> str:
    """Return on which side a proxy wrote its access log: before its application (server), or behind it (client)."""
    cluster = str(fields.get("upstream_cluster") or "")
    return {"inbound": "server", "outbound": "client"}.get(cluster.partition("|")[0], "")


def _fields(text: str) -> dict[str, Any]:
    try:
        fields = json.loads(text)
    except ValueError:
        return {}
    return fields if isinstance(fields, dict) else {}


def _time_us(fields: Mapping[str, Any]) -> int:
    try:
        return int(datetime.fromisoformat(str(fields.get("time") or fields.get("start_time"))).timestamp() * 1e6)
    except ValueError:
        return 0
