"""Ships the proxies' access logs to Loki: `python -m workbench.platform.log_shipper LOGS LOKI_URL POSITIONS`.

Contract: reads the files that the supervisor writes, so that no proxy ever waits for it or for Loki. It holds at most
`_READ_BYTES` of one file at a time; what Loki does not take stays in the file and is tried again, until the file is
rotated away. Lines are JSON in Istio's keys; the request's id goes along as structured metadata, labels are the
workload and the container, as Kubernetes names them. Positions are kept, so that a restart neither repeats nor skips.
"""

import json
import sys
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from http.client import HTTPException
from pathlib import Path
from typing import Any, Final
from urllib.error import URLError
from urllib.request import ProxyHandler, Request, build_opener

from services.common.telemetry.redaction import redact
from services.common.telemetry.registry import PROXY_CONTAINER, LokiLabel

PUSH_PATH: Final = "/loki/api/v1/push"
_READ_BYTES: Final = 256 * 1024
_POLL_S: Final = 1.0
_TIMEOUT_S: Final = 2.0
_HTTP_NO_CONTENT: Final = 204
_HTTP_BAD_REQUEST: Final = 400
_IDS: Final = ("request_id", "trace_id")

Push = Callable[[Mapping[str, Any]], bool]
Entry = list[Any]  # [nanoseconds as text, line, structured metadata], as Loki's push API takes it


class Position:
    """How far a file has been shipped; `inode` tells a rotated file from the one that was read before."""

    def __init__(self, inode: int = 0, offset: int = 0) -> None:
        self.inode, self.offset = inode, offset

    def read(self, file: Path) -> bytes:
        """Return the whole lines that follow, at most `_READ_BYTES`; a new or truncated file is read from its start."""
        stat = file.stat()
        if stat.st_ino != self.inode or stat.st_size < self.offset:
            self.inode, self.offset = stat.st_ino, 0
        with file.open("rb") as stream:
            stream.seek(self.offset)
            piece = stream.read(_READ_BYTES)
        # An unfinished line waits for its end, unless it is longer than anything that could be one.
        return piece if len(piece) == _READ_BYTES and b"\n" not in piece else piece[: piece.rfind(b"\n") + 1]


class Shipper:
    """The files of a folder and how far each has been shipped."""

    def __init__(self, folder: Path, positions: Path, push: Push) -> None:
        self._folder, self._file, self._push = folder, positions, push
        self._positions = _load(positions)

    def step(self) -> int:
        """Ship one piece of every file; return how many lines Loki has taken."""
        shipped = sum(self._ship(file) for file in sorted(self._files()))
        if shipped:
            kept = {name: [one.inode, one.offset] for name, one in self._positions.items()}
            scratch = self._file.with_suffix(".new")
            scratch.write_text(json.dumps(kept), encoding="utf-8")
            scratch.replace(self._file)
        return shipped

    def _files(self) -> list[Path]:
        return [file for file in (self._folder / "ingress.log", *self._folder.glob("*-sidecar.log")) if file.exists()]

    def _ship(self, file: Path) -> int:
        position = self._positions.setdefault(file.name, Position())
        piece = position.read(file)
        entries = [entry(line) for line in piece.decode(errors="replace").splitlines() if line.strip()]
        if entries and not self._push({"streams": [{"stream": labels(file.stem), "values": entries}]}):
            return 0
        position.offset += len(piece)
        return len(entries)


def labels(process: str) -> dict[str, str]:
    """Return the stream labels of a proxy's process."""
    workload = "istio-ingressgateway" if process == "ingress" else process.removesuffix("-sidecar")
    return {
        LokiLabel.SERVICE.value: workload,
        LokiLabel.ENVIRONMENT.value: "development",
        LokiLabel.CONTAINER.value: PROXY_CONTAINER,
    }


def entry(line: str) -> Entry:
    """Return a line as Loki takes it: its own time if it has one, the ids that it names, no secret in its path.

    Istio's format has the path with its query, where nobody should have put a secret.
    """
    try:
        fields = json.loads(line)
    except ValueError:
        fields = {}
    fields = fields if isinstance(fields, dict) else {}
    path = str(fields.get("path") or "")
    if (clean := redact(path)) != path:
        line = json.dumps({**fields, "path": clean}, separators=(",", ":"))
    ids = {name: str(fields[name]) for name in _IDS if fields.get(name)}
    return [str(_nanoseconds(fields.get("start_time"))), line, ids]


def _nanoseconds(start: object) -> int:
    try:
        return int(datetime.fromisoformat(str(start)).timestamp() * 1e9)
    except ValueError:
        return time.time_ns()


def _load(file: Path) -> dict[str, Position]:
    try:
        return {name: Position(*pair) for name, pair in json.loads(file.read_text(encoding="utf-8")).items()}
    except (FileNotFoundError, ValueError, TypeError):
        return {}


def pusher(url: str) -> Push:
    """Return how to push to a Loki: True when it took the entries, or will never take them."""
    opener = build_opener(ProxyHandler({}))

    def push(document: Mapping[str, Any]) -> bool:
        headers = {"Content-Type": "application/json"}
        request = Request(url + PUSH_PATH, json.dumps(document).encode(), headers)  # noqa: S310 - our own Loki
        try:
            with opener.open(request, timeout=_TIMEOUT_S) as response:
                return bool(response.status == _HTTP_NO_CONTENT)
        except (URLError, OSError, HTTPException) as error:
            refused = getattr(error, "code", 0) == _HTTP_BAD_REQUEST
            print(f"not shipped{', refused for good' if refused else ', tried again'}: {error}", flush=True)
            return refused

    return push


def main(arguments: list[str]) -> None:
    """Ship until killed."""
    folder, url, positions = arguments
    shipper = Shipper(Path(folder), Path(positions), pusher(url))
    while True:
        if not shipper.step():
            time.sleep(_POLL_S)


if __name__ == "__main__":
    main(sys.argv[1:])
