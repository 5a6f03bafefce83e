"""All dashboards, in the order in which they are read: from "are users all right?" down to the single request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from dashboards.boards import (
    chaos,
    datastores,
    load_and_gate,
    logs,
    mesh,
    overview,
    platform,
    service,
    slo,
    traces,
)
from dashboards.grafana.encoder import encode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dashboards.grafana.board import Board

MODULES: Final = (overview, slo, service, mesh, datastores, load_and_gate, chaos, platform, logs, traces)


def boards() -> list[Board]:
    """Return every dashboard.

    Raises:
        ValueError: two dashboards have the same uid.
    """
    return unique([module.board() for module in MODULES])


def unique(found: Sequence[Board]) -> list[Board]:
    """Return the dashboards, after checking that no two have the same uid: Grafana would overwrite one by the other.

    Raises:
        ValueError: two have; the message names both.
    """
    titles: dict[str, str] = {}
    for each in found:
        if each.uid in titles:
            raise ValueError(
                f"the dashboards {titles[each.uid]!r} and {each.title!r} have the same uid {each.uid!r}: rename one"
            )
        titles[each.uid] = each.title
    return list(found)


def documents() -> dict[str, dict[str, Any]]:
    """Return Grafana's document of every dashboard, by uid."""
    return {each.uid: encode(each.to_grafanalib()) for each in boards()}
