"""Header changes of a route or of a destination: set overwrites, add appends, remove removes, in this order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workbench.mesh.envoy import given

if TYPE_CHECKING:
    from collections.abc import Mapping

    from workbench.mesh.kinds.virtual_service import Headers
    from workbench.mesh.model import Json


def header_operations(*layers: Headers) -> Json:
    """Return Envoy's four lists for changes that are made one after the other; empty lists are left out."""
    return given(
        request_headers_to_add=[option for one in layers for option in _options(one.request.set, one.request.add)],
        request_headers_to_remove=[name for one in layers for name in one.request.remove],
        response_headers_to_add=[option for one in layers for option in _options(one.response.set, one.response.add)],
        response_headers_to_remove=[name for one in layers for name in one.response.remove],
    )


def _options(overwrite: Mapping[str, str], append: Mapping[str, str]) -> list[Json]:
    return [
        {"header": {"key": key, "value": overwrite[key]}, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}
        for key in sorted(overwrite)
    ] + [
        {"header": {"key": key, "value": append[key]}, "append_action": "APPEND_IF_EXISTS_OR_ADD"}
        for key in sorted(append)
    ]
