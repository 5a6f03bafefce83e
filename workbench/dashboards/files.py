"""The generated dashboards on disk: one JSON file a dashboard, named by its uid."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dashboards.catalogue import documents
from dashboards.grafana.encoder import text
from workbench.errors import UsageError
from workbench.platform.instance import CHECKOUT

if TYPE_CHECKING:
    from typing import Any

GENERATED: Final = CHECKOUT / "dashboards" / "generated"


def built() -> dict[str, dict[str, Any]]:
    """Return every dashboard's document by uid.

    Raises:
        UsageError: two dashboards, or two panels, want the same id.
    """
    try:
        return documents()
    except ValueError as error:
        raise UsageError(str(error), hint="uids and panel keys are in dashboards/boards") from error


def contents() -> dict[str, str]:
    """Return what the files hold, by their names below `GENERATED`."""
    return {f"{uid}.json": text(document) for uid, document in built().items()}
