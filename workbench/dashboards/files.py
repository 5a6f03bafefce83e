"""The generated dashboards on disk: one JSON file a dashboard, named by its uid."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dashboards.catalogue import documents
from dashboards.grafana.encoder import text
from workbench.errors import UsageError
from workbench.platform.instance import CHECKOUT

if TYPE_CHECKING:
    from pathlib import Path
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


def write(folder: Path = GENERATED) -> list[Path]:
    """Write all files, each complete or not at all; remove those of dashboards that are gone."""
    wanted = _wanted(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for file, content in wanted.items():
        scratch = file.with_name(f".{file.name}.new")
        scratch.write_text(content, encoding="utf-8", newline="\n")
        scratch.replace(file)
    for stray in _strays(folder, wanted):
        stray.unlink()
    return list(wanted)


def differences(folder: Path = GENERATED) -> list[str]:
    """Return what `write` would change, a sentence a file."""
    wanted = _wanted(folder)
    changed = [
        f"{file}: {'is not current' if file.exists() else 'is missing'}"
        for file, content in wanted.items()
        if not file.is_file() or file.read_bytes() != content.encode()
    ]
    return [*changed, *(f"{file}: belongs to no dashboard" for file in _strays(folder, wanted))]


def _wanted(folder: Path) -> dict[Path, str]:
    return {folder / f"{uid}.json": text(document) for uid, document in built().items()}


def _strays(folder: Path, wanted: dict[Path, str]) -> list[Path]:
    return sorted(file for file in folder.glob("*.json") if file not in wanted)
