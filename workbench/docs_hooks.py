"""What the documentation's pages hold beside `docs/`: runbooks from where they are written, and the repository's files.

MkDocs calls `on_files` and `on_page_markdown`. Runbooks stay beside the alerts that lead to them; links from `docs/` to
other folders of the repository are for readers of the repository and become plain text on the pages.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from mkdocs.structure.files import File

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files

ROOT: Final = Path(__file__).resolve().parents[1]
RUNBOOKS: Final = (ROOT / "alerts" / "runbooks", ROOT / "slo" / "generated" / "runbooks")
_OUTSIDE: Final = re.compile(r"(?<!!)\[([^\]]+)\]\((?:\.\./)+(?!.*docs/)[^)]*\)")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add every runbook as `runbooks/<name>.md`."""
    for folder in RUNBOOKS:
        for page in sorted(folder.glob("*.md")):
            content = page.read_text(encoding="utf-8")
            files.append(File.generated(config, f"runbooks/{page.name}", content=content))
    return files


def on_page_markdown(markdown: str, page: Any, **_more: Any) -> str:  # noqa: ANN401 - MkDocs' own types
    """Turn links out of `docs/` into text; those between runbooks and docs are left for MkDocs to check."""
    depth = page.file.src_uri.count("/")
    return _OUTSIDE.sub(lambda match: _unless_inside(match, depth), markdown)


def _unless_inside(match: re.Match[str], depth: int) -> str:
    """Keep a link that stays below `docs/`: it goes up no further than the page lies deep."""
    ups = match.group(0).count("../")
    return match.group(0) if ups <= depth else match.group(1)
