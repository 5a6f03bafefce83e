"""What can be wrong with mesh configuration.

`MeshConfigError`: Istio (or YAML) would refuse it, too. Catch it to show a user their mistake.
`UnsupportedError`: Istio would take it, this renderer does not know it. Catch it to tell the two apart.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from workbench.errors import UsageError

if TYPE_CHECKING:
    from workbench.mesh.kinds.base import Resource


class MeshConfigError(UsageError):
    """Configuration that a real control plane refuses as well; names file, object, field and reason."""


class UnsupportedError(MeshConfigError):
    """Configuration that Istio takes and this renderer does not; names file, object and field."""


def at(resource: Resource, path: str, reason: str) -> str:
    """Return one line that says where, in what object, in which field, and what."""
    return f"{resource.origin.at(path)}: {resource}: {path}: {reason}"


def unsupported(resource: Resource, path: str, reason: str = "is not supported here") -> UnsupportedError:
    """Return the error for a field that Istio has and this renderer has not."""
    return UnsupportedError(at(resource, path, reason), hint="docs/mesh.md lists what is rendered and what is refused.")


def invalid(resource: Resource, path: str, reason: str) -> MeshConfigError:
    """Return the error for a field that Istio refuses, with Istio's reason."""
    return MeshConfigError(at(resource, path, reason))
