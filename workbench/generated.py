"""Folders of generated files: each file complete or not at all, and nothing left of what is gone."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def write(folder: Path, wanted: Mapping[str, str]) -> None:
    """Write the files, given by their paths below the folder; remove what is there and not wanted."""
    for name, content in wanted.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        scratch = file.with_name(f".{file.name}.new")
        scratch.write_text(content, encoding="utf-8", newline="\n")
        scratch.replace(file)
    for stray in _strays(folder, wanted):
        stray.unlink()


def differences(folder: Path, wanted: Mapping[str, str]) -> list[str]:
    """Return what `write` would change, a sentence a file."""
    changed = [
        f"{folder / name}: {'is not current' if (folder / name).exists() else 'is missing'}"
        for name, content in wanted.items()
        if not (folder / name).is_file() or (folder / name).read_bytes() != content.encode()
    ]
    return [*changed, *(f"{file}: nothing generates it any more" for file in _strays(folder, wanted))]


def _strays(folder: Path, wanted: Mapping[str, str]) -> list[Path]:
    there = (file for file in folder.rglob("*") if file.is_file())
    return sorted(file for file in there if str(file.relative_to(folder)) not in wanted)
