"""Reads a foreign SLO file and returns it as OpenSLO."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from slo.errors import MalformedError
from slo.importing import pyrra, sloth
from slo.importing.document import document, to_yaml
from slo.reader import plain_documents

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from slo.importing.document import Draft


def import_file(file: Path) -> str:
    """Return the OpenSLO text of a file that is Sloth's or Pyrra's.

    Raises:
        SloError: it is neither, or something in it has no counterpart.
    """
    found = [one for where, plain in plain_documents(file) for one in _drafts(plain, where)]
    if not found:
        raise MalformedError(f"{file}: holds no SLO")
    return to_yaml([document(one) for one in found], f"Imported from {file.name}.")


def _drafts(plain: dict[str, Any], where: str) -> Iterator[Draft]:
    if sloth.is_sloth(plain):
        yield from sloth.drafts(plain, where)
    elif pyrra.is_pyrra(plain):
        yield pyrra.draft(plain, where)
    else:
        raise MalformedError(
            f"{where}: is neither Sloth's (version: {sloth.VERSION}) nor Pyrra's (apiVersion: {pyrra.API_VERSION})"
        )
