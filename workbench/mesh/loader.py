"""YAML in, typed resources out: the only place of the renderer that knows files.

Every document must be a kind that is modelled or one that is known to say nothing about traffic. Unknown kinds, unknown
fields, wrong types, duplicated keys and duplicated objects are errors that name file, line, object and field.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from workbench.mesh.errors import MeshConfigError, UnsupportedError
from workbench.mesh.kinds.base import UNSUPPORTED, Origin, Resource
from workbench.mesh.kinds.destination_rule import DestinationRule
from workbench.mesh.kinds.gateway import Gateway
from workbench.mesh.kinds.kubernetes import MEANINGLESS_KINDS, Deployment, Namespace, Service
from workbench.mesh.kinds.security import AuthorizationPolicy, PeerAuthentication, RequestAuthentication
from workbench.mesh.kinds.telemetry import MeshConfig, Telemetry
from workbench.mesh.kinds.virtual_service import VirtualService
from workbench.mesh.registry import resources_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from workbench.mesh.model import Resources

_NETWORKING = frozenset({"networking.istio.io/v1", "networking.istio.io/v1beta1", "networking.istio.io/v1alpha3"})
_SECURITY = frozenset({"security.istio.io/v1", "security.istio.io/v1beta1"})
_TELEMETRY = frozenset({"telemetry.istio.io/v1", "telemetry.istio.io/v1alpha1"})

KINDS: Mapping[str, tuple[frozenset[str], type[Resource]]] = {
    "Service": (frozenset({"v1"}), Service),
    "Namespace": (frozenset({"v1"}), Namespace),
    "Deployment": (frozenset({"apps/v1"}), Deployment),
    "StatefulSet": (frozenset({"apps/v1"}), Deployment),
    "DaemonSet": (frozenset({"apps/v1"}), Deployment),
    "Gateway": (_NETWORKING, Gateway),
    "VirtualService": (_NETWORKING, VirtualService),
    "DestinationRule": (_NETWORKING, DestinationRule),
    "PeerAuthentication": (_SECURITY, PeerAuthentication),
    "AuthorizationPolicy": (_SECURITY, AuthorizationPolicy),
    "RequestAuthentication": (_SECURITY, RequestAuthentication),
    "Telemetry": (_TELEMETRY, Telemetry),
}
"""Kind → the API versions that mean the same, and the model."""

UNSUPPORTED_KINDS = frozenset(
    {"EnvoyFilter", "ProxyConfig", "ServiceEntry", "Sidecar", "WasmPlugin", "WorkloadEntry", "WorkloadGroup"}
)
"""Istio's kinds that would change the configuration and are not rendered."""

_ORIGIN_ANNOTATION = "config.kubernetes.io/origin"
"""Written by kustomize (`buildMetadata: [originAnnotations]`): which file an object came from."""


def load_files(paths: Iterable[Path]) -> Resources:
    """Load all YAML files, and all `*.yaml`/`*.yml` below folders, in order; see `load_texts`."""
    files: list[Path] = []
    for path in paths:
        files += sorted(p for p in path.rglob("*.y*ml") if p.is_file()) if path.is_dir() else [path]
    return load_texts((str(file), _read(file)) for file in files)


def load_texts(sources: Iterable[tuple[str, str]]) -> Resources:
    """Parse (file name, YAML text) pairs; an object that is repeated in a later source is an error, too."""
    found: dict[tuple[str, str, str], Resource] = {}
    for file, text in sources:
        for resource in parse(file, text):
            key = (resource.kind, resource.namespace, resource.name)
            if key in found:
                raise MeshConfigError(
                    f"{resource.origin.at('metadata.name')}: {resource} is defined twice, "
                    f"first in {found[key].origin.at('metadata.name')}"
                )
            found[key] = resource
    return resources_of(found.values())


def parse(file: str, text: str) -> Iterator[Resource]:
    """Yield the typed objects of one YAML text; documents without meaning for the mesh are passed over by kind."""
    for index, document in enumerate(_documents(file, text), start=1):
        if document is None:
            continue
        if not isinstance(document, CommentedMap):
            raise MeshConfigError(f"{file} (document {index}): a Kubernetes object was expected, not a plain value")
        items = document.get("items") if document.get("kind") == "List" else [document]
        for item in items or []:
            if (resource := _resource(file, index, item)) is not None:
                yield resource


def load_mesh_config(file: str, text: str) -> MeshConfig:
    """Parse lines of Istio's mesh configuration."""
    try:
        return MeshConfig.model_validate(_plain(next(_documents(file, text), None)) or {})
    except ValidationError as error:
        raise _explained(error, "the mesh configuration", Origin(file=file, document=1)) from error


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise MeshConfigError(f"{file}: cannot be read: {error}") from error


def _documents(file: str, text: str) -> Iterator[Any]:
    yaml = YAML(typ="rt")
    try:
        yield from yaml.load_all(text)
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise MeshConfigError(f"{file}:{line}: not valid YAML: {error.problem}") from error
    except YAMLError as error:
        raise MeshConfigError(f"{file}: not valid YAML: {error}") from error


def _resource(file: str, index: int, document: CommentedMap) -> Resource | None:
    kind, version = document.get("kind"), document.get("apiVersion")
    plain = _plain(document)
    origin = Origin(file=_origin_file(file, plain), document=index, lines=dict(_lines(document)))
    if kind in MEANINGLESS_KINDS:
        return None
    if kind in UNSUPPORTED_KINDS:
        name = (plain.get("metadata") or {}).get("name", "")
        raise UnsupportedError(f"{origin.at('kind')}: {kind} {name}: this kind of Istio's is not supported here")
    if kind not in KINDS or version not in KINDS[kind][0]:
        raise MeshConfigError(
            f"{origin.at('kind')}: unknown kind {kind!r} of apiVersion {version!r}",
            hint=f"Known: {', '.join(sorted({*KINDS, *MEANINGLESS_KINDS}))}.",
        )
    try:
        return KINDS[kind][1].model_validate(plain).written_at(origin)
    except ValidationError as error:
        raise _explained(error, f"{kind} {(plain.get('metadata') or {}).get('name', '')}", origin) from error


def _origin_file(file: str, plain: dict[str, Any]) -> str:
    note = ((plain.get("metadata") or {}).get("annotations") or {}).get(_ORIGIN_ANNOTATION)
    if not isinstance(note, str):
        return file
    path = (YAML(typ="safe", pure=True).load(note) or {}).get("path")
    return f"{path} (as built into {file})" if path else file


def _plain(node: Any) -> Any:  # noqa: ANN401 -- a YAML tree
    if isinstance(node, dict):
        return {(str(k) if isinstance(k, str) else k): _plain(v) for k, v in node.items()}
    if isinstance(node, list):
        return [_plain(v) for v in node]
    for plain_type in (bool, int, float, str):
        if isinstance(node, plain_type):
            return plain_type(node)
    return node


def _lines(node: CommentedMap | CommentedSeq, path: str = "") -> Iterator[tuple[str, int]]:
    for key, value in node.items() if isinstance(node, CommentedMap) else enumerate(node):
        here = _join(path, key) if isinstance(node, CommentedMap) else f"{path}[{key}]"
        # A key that an anchor merged in (`<<:`) has no position of its own; the field above it then serves.
        position = node.lc.data.get(key) if node.lc.data else None
        if position:
            yield here, position[0] + 1
        if isinstance(value, CommentedMap | CommentedSeq):
            yield from _lines(value, here)


def _join(path: str, key: object) -> str:
    return f"{path}.{key}" if path else str(key)


def _explained(error: ValidationError, what: str, origin: Origin) -> MeshConfigError:
    first = error.errors(include_url=False)[0]
    path = ""
    for step in first["loc"]:
        path = f"{path}[{step}]" if isinstance(step, int) else _join(path, step)
    place = f"{origin.at(path)}: {what}"
    if first["type"] == "extra_forbidden":
        return MeshConfigError(f'{place}: unknown field "{path}"')
    if first["type"] == UNSUPPORTED:
        return UnsupportedError(f"{place}: {path}: {first['msg']}")
    if first["type"] == "literal_error":
        expected = str(first.get("ctx", {}).get("expected", "")).replace("'", '"')
        value = f'"{first["input"]}"'
        return MeshConfigError(f"{place}: {path}: Unsupported value: {value}: supported values: {expected}")
    return MeshConfigError(f"{place}: {path}: {first['msg']} (is {first['input']!r})")
