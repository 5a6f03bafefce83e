"""Envoy's admin interface: whether a proxy is ready, what configuration it runs, and its counters."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import httpx

from workbench.errors import CannotDecideError

if TYPE_CHECKING:
    from collections.abc import Mapping

_TIMEOUT_S: Final = 5.0
_POLL_S: Final = 0.05


@dataclass(frozen=True)
class EnvoyAdmin:
    """One proxy's admin interface, at `url` (`http://127.0.0.1:PORT`).

    Methods raise CannotDecideError when it does not answer or answers nonsense.
    """

    url: str

    def is_ready(self) -> bool:
        """Return whether the proxy has its configuration and takes traffic; False when nothing answers."""
        try:
            return httpx.get(f"{self.url}/ready", timeout=_TIMEOUT_S).status_code == httpx.codes.OK
        except httpx.HTTPError:
            return False

    def counters(self, pattern: str) -> dict[str, int]:
        """Return counters and gauges whose name contains a match of the regular expression."""
        stats = self._get("/stats", format="json", filter=pattern)["stats"]
        return {str(one["name"]): int(one["value"]) for one in stats if "name" in one}

    def route_versions(self) -> dict[str, str]:
        """Return the version of each route configuration that the proxy runs, by name."""
        dump = self._get("/config_dump", resource="dynamic_route_configs").get("configs", [])
        return {str(one["route_config"]["name"]): str(one["version_info"]) for one in dump}

    def versions(self) -> dict[str, str]:
        """Return the versions of all that was discovered (`listener_manager.lds.version_text` …), by statistic."""
        lines = self._text("/stats", filter="version_text").splitlines()
        return {name: value.strip().strip('"') for name, _, value in (line.partition(": ") for line in lines)}

    def certificate_serials(self) -> set[int]:
        """Return the serial numbers of the certificates that the proxy presents.

        As numbers: the proxy writes them in whole bytes, with a leading zero where one is needed.
        """
        certificates = self._get("/certs").get("certificates", [])
        return {int(chain["serial_number"], 16) for one in certificates for chain in one.get("cert_chain", [])}

    def wait_for_routes(self, versions: Mapping[str, str], *, timeout_s: float = 10.0) -> None:
        """Return once the proxy runs these versions of its route configurations.

        Raises:
            CannotDecideError: it does not, within `timeout_s`: it has refused them, or it is not there.
        """
        deadline = time.monotonic() + timeout_s
        while versions.items() - self.route_versions().items():
            if time.monotonic() > deadline:
                missing = ", ".join(sorted(name for name, _ in versions.items() - self.route_versions().items()))
                raise CannotDecideError(f"{self.url} has not taken over the routes {missing} in {timeout_s:g} s")
            time.sleep(_POLL_S)

    def _get(self, path: str, **query: str) -> Any:  # noqa: ANN401 -- JSON, whose shape depends on the path
        try:
            return json.loads(self._text(path, **query))
        except ValueError as error:
            raise CannotDecideError(f"{self.url}{path} does not answer in JSON: {error}") from error

    def _text(self, path: str, **query: str) -> str:
        try:
            answer = httpx.get(f"{self.url}{path}", params=query, timeout=_TIMEOUT_S)
            answer.raise_for_status()
        except httpx.HTTPError as error:
            raise CannotDecideError(
                f"the proxy's admin interface {self.url} does not answer: {error}", hint="is the platform up?"
            ) from error
        return answer.text
