"""Names of the files from which an Envoy reads its configuration, and the references to them.

One folder a proxy; below it one folder a kind (`lds`, `cds`, `rds`, `sds`). Envoy reads a file again when a new one is
renamed onto it. Every file holds one discovery response whose version is the digest of its content,
so that the version in Envoy's `config_dump` tells which content it runs.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

    from workbench.mesh.model import Json

TYPES: Final = {
    "lds": "envoy.config.listener.v3.Listener",
    "cds": "envoy.config.cluster.v3.Cluster",
    "rds": "envoy.config.route.v3.RouteConfiguration",
    "sds": "envoy.extensions.transport_sockets.tls.v3.Secret",
}


@dataclass(frozen=True)
class Files:
    """The files of one proxy, under `folder` (absolute: Envoy's working directory is not ours)."""

    folder: Path

    def path(self, kind: str, name: str) -> Path:
        """Return the file of a resource; `name` is any of Istio's names."""
        return self.folder / kind / f"{re.sub(r'[^A-Za-z0-9.-]+', '_', name)}.json"

    def source(self, kind: str, name: str) -> Json:
        """Return the ConfigSource that reads that file, again when another is renamed onto it.

        Without `watched_directory`, which would take a second inotify instance a source: Linux allows a user 128.
        """
        return {
            "path_config_source": {"path": str(self.path(kind, name))},
            "resource_api_version": "V3",
            "initial_fetch_timeout": "5s",
        }


def discovery_response(kind: str, resources: list[Json]) -> str:
    """Return the text of a file: resources of one kind and their version."""
    type_url = f"type.googleapis.com/{TYPES[kind]}"
    typed = [{**resource, "@type": type_url} for resource in resources]
    version = hashlib.sha256(json.dumps(typed, sort_keys=True).encode()).hexdigest()[:16]
    return json.dumps({"version_info": version, "resources": typed}, indent=1, sort_keys=True)
