"""`titanium dashboards view [UID …]`: dashboards with live data as pages that open from a file, without Grafana.

Contract: exit 0 when the pages are written; 2 for a dashboard or variable that is none; 3 when Prometheus cannot be
asked. A page is complete or not there.
"""

from __future__ import annotations

import re
from pathlib import Path
from time import time
from typing import TYPE_CHECKING

from dashboards.view.expand import Window
from dashboards.view.page import page, script
from dashboards.view.panels import Viewer
from slo import duration
from workbench.adapters.prometheus import HttpPrometheus
from workbench.console import out
from workbench.dashboards import files
from workbench.dashboards.source import chosen, sources
from workbench.errors import EXIT_PASS, UsageError
from workbench.platform.instance import Instance
from workbench.platform.monitoring import SCRAPE_INTERVAL_S

if TYPE_CHECKING:
    import argparse

NAME = "view"
HELP = "write the dashboards with live data as HTML pages, without Grafana"
_PLOTLY = "plotly.min.js"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("uids", nargs="*", metavar="UID", help="which dashboards (default: all)")
    parser.add_argument("--prometheus", metavar="URL", help="default: the local platform's")
    parser.add_argument("--since", default="15m", metavar="DURATION", help="how far back (default: 15m)")
    parser.add_argument("--var", action="append", default=[], metavar="NAME=VALUE", help="choose a variable's value")
    parser.add_argument("--output", type=Path, metavar="FOLDER", help="default: .titanium/dashboards")


def run(args: argparse.Namespace) -> int:
    """Write the pages."""
    documents = files.built()
    if unknown := [uid for uid in args.uids if uid not in documents]:
        raise UsageError(f"no dashboard {', '.join(unknown)}", hint=f"there are: {', '.join(documents)}")
    given = _variables(args.var)
    instance = Instance.from_environment()
    url = args.prometheus or instance.prometheus_url
    HttpPrometheus(url).version()  # whether it is there at all is said once, not in every panel
    end = time()
    window = Window(end - _seconds(args.since), end, scrape_interval_s=SCRAPE_INTERVAL_S)
    folder: Path = args.output or instance.state / "dashboards"
    folder.mkdir(parents=True, exist_ok=True)
    _write(folder / _PLOTLY, script())
    others = {f"{uid}.html": document["title"] for uid, document in documents.items()}
    for uid in args.uids or documents:
        viewer = Viewer(sources(instance, url), window, chosen(documents[uid], given))
        _write(folder / f"{uid}.html", page(documents[uid], viewer, others=others, plotly=_PLOTLY))
        out.print(str(folder / f"{uid}.html"), soft_wrap=True)
    return EXIT_PASS


def _variables(given: list[str]) -> dict[str, str]:
    for one in given:
        if not re.fullmatch(r"\w+=.*", one):
            raise UsageError(f"--var {one}: is not NAME=VALUE", hint="such as --var service=blog")
    return dict(one.split("=", 1) for one in given)


def _seconds(since: str) -> int:
    try:
        return duration.from_promql(since)
    except ValueError as error:
        raise UsageError(f"--since {since}: {error}", hint="such as 15m or 6h") from error


def _write(file: Path, text: str) -> None:
    scratch = file.with_name(f".{file.name}.new")
    scratch.write_text(text, encoding="utf-8")
    scratch.replace(file)
