"""A Grafana's HTTP API, as far as dashboards need it. Source: grafana.com/docs, "Dashboard HTTP API".

The address is `GRAFANA_URL`; the token is in the file `GRAFANA_TOKEN_FILE` or in `GRAFANA_TOKEN`, never on a command
line, and is never shown.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import httpx

from workbench.errors import CannotDecideError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dashboards.view.expand import Window

FOLDER_UID: Final = "titanium"
FOLDER_TITLE: Final = "Titanium"
_TIMEOUT_S: Final = 20.0
_REFUSED: Final = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)


@dataclass(frozen=True)
class Grafana:
    """One Grafana; `transport` is for tests."""

    url: str
    token: str = field(default="", repr=False)
    transport: httpx.BaseTransport | None = field(default=None, repr=False)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Grafana:
        """Return the Grafana that the environment names.

        Raises:
            UsageError: it names none, or the token's file cannot be read.
        """
        url = environment.get("GRAFANA_URL", "")
        if not url:
            raise UsageError("no Grafana is named", hint="set GRAFANA_URL=https://…, and GRAFANA_TOKEN_FILE=<file>")
        return cls(url.rstrip("/"), _token(environment))

    def dashboard(self, uid: str) -> dict[str, Any] | None:
        """Return a dashboard's document; None when there is none.

        Raises:
            UsageError: the token is refused.
            CannotDecideError: Grafana cannot be reached, or answers something else.
        """
        answer = self._ask("GET", f"/api/dashboards/uid/{uid}", missing_is_none=True)
        return None if answer is None else dict(answer["dashboard"])

    def push(self, document: dict[str, Any]) -> str:
        """Put a dashboard in the place of the one with its uid; return its address.

        Raises: as `dashboard`.
        """
        body = {
            "dashboard": document,
            "folderUid": FOLDER_UID,
            "overwrite": True,
            "message": "titanium dashboards push",
        }
        answer = self._ask("POST", "/api/dashboards/db", body) or {}
        return f"{self.url}{answer.get('url', '')}"

    def query(self, target: dict[str, Any], source: str, window: Window) -> list[dict[str, Any]]:
        """Ask a data source, named by its uid, through Grafana's proxy; return the frames that it answered with.

        Raises: as `dashboard`; a query that the data source refuses is a CannotDecideError.
        """
        asked = {**target, "datasource": {"uid": source}, "intervalMs": round(window.interval_s * 1000)}
        body = {
            "queries": [{**asked, "maxDataPoints": window.points}],
            "from": f"{window.start_s * 1000:.0f}",
            "to": f"{window.end_s * 1000:.0f}",
        }
        answer = (self._ask("POST", "/api/ds/query", body) or {}).get("results", {}).get(target["refId"], {})
        if answer.get("error"):
            raise CannotDecideError(f"{source} refuses a query: {answer['error']}")
        return [frame for frame in answer.get("frames", []) if any(frame.get("data", {}).get("values", []))]

    def make_folder(self) -> None:
        """Make the folder, if it is not there. Raises: as `dashboard`."""
        if self._ask("GET", f"/api/folders/{FOLDER_UID}", missing_is_none=True) is None:
            self._ask("POST", "/api/folders", {"uid": FOLDER_UID, "title": FOLDER_TITLE})

    def _ask(
        self, method: str, path: str, body: dict[str, Any] | None = None, *, missing_is_none: bool = False
    ) -> dict[str, Any] | None:
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        try:
            with httpx.Client(timeout=_TIMEOUT_S, transport=self.transport, trust_env=False) as client:
                response = client.request(method, f"{self.url}{path}", json=body, headers=headers)
        except httpx.HTTPError as error:
            raise CannotDecideError(
                f"Grafana at {self.url} cannot be asked: {error}", hint="is it running? is GRAFANA_URL right?"
            ) from error
        if missing_is_none and response.status_code == HTTPStatus.NOT_FOUND:
            return None
        return self._document(path, response)

    def _document(self, path: str, response: httpx.Response) -> dict[str, Any]:
        if response.status_code in _REFUSED:
            raise UsageError(
                f"Grafana at {self.url} refuses the token ({response.status_code} for {path})",
                hint="a service account's token with the role Editor, in GRAFANA_TOKEN_FILE",
            )
        try:
            document = response.json()
        except ValueError:
            document = None
        if not response.is_success or not isinstance(document, dict):
            said = document.get("message", "") if isinstance(document, dict) else response.text[:200]
            raise CannotDecideError(f"Grafana at {self.url} answers {response.status_code} for {path}: {said}")
        return document


def _token(environment: Mapping[str, str]) -> str:
    file = environment.get("GRAFANA_TOKEN_FILE", "")
    if not file:
        return environment.get("GRAFANA_TOKEN", "")
    try:
        return Path(file).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            f"GRAFANA_TOKEN_FILE={file} cannot be read: {error}", hint="name a file with the token"
        ) from error
