"""`titanium dashboards prove`: what a real Grafana makes of the dashboards.

Contract: every dashboard is read back through Grafana's API and compared, every query of Prometheus is asked through
its data source proxy for every service, and with `--screenshots` Chromium keeps a picture of each. Exit 0 when nothing
differs and every panel that has to show something does; 1 otherwise, one line each; 2 when the token is refused, 3
when Grafana cannot be reached.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from time import time
from typing import TYPE_CHECKING, Any, Final

from dashboards.healthy import EMPTY_WHEN_HEALTHY
from dashboards.view.expand import Chosen, Window, expand
from workbench.console import out
from workbench.dashboards import files
from workbench.dashboards.actions.diff import difference
from workbench.dashboards.grafana import Grafana
from workbench.errors import EXIT_BREACH, EXIT_PASS, CannotDecideError, UsageError
from workbench.platform.monitoring import SCRAPE_INTERVAL_S, WORKLOADS

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

NAME = "prove"
HELP = "ask the Grafana that GRAFANA_URL names every query of every dashboard, and keep a picture of each"
_BROWSERS: Final = ("chromium", "chromium-browser", "google-chrome")
_PICTURE_S: Final = 60


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--screenshots", type=Path, metavar="FOLDER", help="keep a picture of every dashboard there")
    parser.add_argument(
        "--source", default="prometheus", metavar="UID", help="Grafana's name of its Prometheus (default: prometheus)"
    )


def run(args: argparse.Namespace) -> int:
    """Prove."""
    grafana = Grafana.from_environment()
    found = [line for uid, document in files.built().items() for line in _wrong(grafana, uid, document, args.source)]
    for line in found:
        out.print(line, markup=False, highlight=False)
    if args.screenshots:
        for uid in files.built():
            _picture(grafana.url, uid, args.screenshots)
    if not found:
        out.print(f"every dashboard is in {grafana.url} as it was built, and every panel shows something")
    return EXIT_BREACH if found else EXIT_PASS


def _wrong(grafana: Grafana, uid: str, document: dict[str, Any], source: str) -> Iterator[str]:
    yield from difference(uid, document, grafana.dashboard(uid))
    for panel in document["panels"]:
        for target in panel.get("targets", []):
            if target["datasource"]["type"] != "prometheus" or (uid, panel["title"]) in EMPTY_WHEN_HEALTHY:
                continue
            try:
                silent = not any(_answers(grafana, target, source))
            except CannotDecideError as error:
                yield f"{uid}, {panel['title']!r}: {error.message}"
                continue
            if silent:
                yield f"{uid}, {panel['title']!r}: shows nothing: {target['expr']}"


def _answers(grafana: Grafana, target: dict[str, Any], source: str) -> Iterator[list[dict[str, Any]]]:
    """Yield the frames for each service that a reader may choose."""
    window = Window(time() - 900, time(), scrape_interval_s=SCRAPE_INTERVAL_S)
    for service in WORKLOADS:
        chosen = Chosen({"service": service, "slo": "gateway-availability"})
        yield grafana.query({**target, "expr": expand(target["expr"], chosen, window)}, source, window)


def _picture(url: str, uid: str, folder: Path) -> None:
    browser = next((found for name in _BROWSERS if (found := shutil.which(name))), None)
    if browser is None:
        raise UsageError("--screenshots needs Chromium", hint="apt-get install chromium")
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{uid}.png"
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--window-size=1600,2400"]
    waits = ["--virtual-time-budget=30000", f"--screenshot={file}", f"{url}/d/{uid}?kiosk"]
    try:
        subprocess.run([browser, *options, *waits], check=True, capture_output=True, timeout=_PICTURE_S)  # noqa: S603 - the browser on our own pages
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        raise CannotDecideError(f"no picture of {uid}: {error}") from error
    out.print(f"picture: {file}")
