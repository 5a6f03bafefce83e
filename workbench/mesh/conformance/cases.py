"""Recorded cases: Istio YAML, and what a real control plane pushed for it (or why it refused).

A case holds only what differs from `00-default`; `Case.expected` gives the whole configuration of a proxy again. The
format is described in the README beside the cases.
"""

from __future__ import annotations

import copy
import json
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from workbench.mesh.loader import load_mesh_config, parse
from workbench.mesh.registry import resources_of

if TYPE_CHECKING:
    from pathlib import Path

    from workbench.mesh.kinds.base import Resource
    from workbench.mesh.kinds.telemetry import MeshConfig
    from workbench.mesh.model import Json, Resources

DEFAULT = "00-default"
PROXIES = {
    "ingress": ("istio-ingressgateway", "istio-ingress"),
    "api-gateway": ("api-gateway", "titanium-prod"),
    "user": ("user", "titanium-prod"),
    "blog": ("blog", "titanium-prod"),
}
"""The proxies that were recorded, with the name and namespace of their workloads."""

_TWIN = {"user": "api-gateway"}
"""A proxy that was recorded only where it differs from another one (but for its own name in the tracing tags)."""

_TWIN_UNTOUCHED = frozenset({"52-dr-export-workload"})
"""Cases that touch only the other one: there, no file means no difference from 00-default."""

_MANAGER = "envoy.filters.network.http_connection_manager"


@dataclass(frozen=True)
class Case:
    """One recorded case."""

    root: Path
    name: str

    @property
    def folder(self) -> Path:
        """Where its files are."""
        return self.root / "cases" / self.name

    @property
    def refusal(self) -> str | None:
        """What the API server said when it refused the case; None when it did not."""
        return _text(self.folder / "expected" / "refused.txt")

    @property
    def is_accepted_only(self) -> bool:
        """Whether it was only recorded that Istio takes the case."""
        return (self.folder / "expected" / "accepted.txt").exists()

    def shows(self) -> str:
        """Return the first line of the input: what the case is about."""
        first = (_text(self.folder / "input.yaml") or "# Shows: the base alone.").splitlines()[0]
        return first.removeprefix("# Shows: ").rstrip(".")

    def resources(self) -> Resources:
        """Return the base with the case's objects in place of those of the same name."""
        file = self.folder / "input.yaml"
        own = parse(f"{self.name}/{file.name}", _text(file) or "")
        found = {**_base(self.root), **{(one.kind, one.namespace, one.name): one for one in own}}
        return resources_of(found.values())

    def mesh_config(self) -> MeshConfig:
        """Return the case's lines of the mesh configuration."""
        file = self.folder / "mesh-config.yaml"
        return load_mesh_config(f"{self.name}/{file.name}", _text(file) or "")

    def expected(self, proxy: str) -> Json:
        """Return the whole configuration that Istio pushed to a proxy: 00-default's with the case's differences."""
        usual = self._named_for(proxy, _recorded(self.root, DEFAULT, _TWIN.get(proxy, proxy)) or {})
        if self.name == DEFAULT:
            return usual
        difference = _recorded(self.root, self.name, proxy)
        if difference is None and proxy in _TWIN and self.name not in _TWIN_UNTOUCHED:
            difference = self._named_for(proxy, _recorded(self.root, self.name, _TWIN[proxy]) or {})
        return _overlaid(usual, difference) if difference else usual

    def _named_for(self, proxy: str, config: Json) -> Json:
        """Return a twin's recording with the proxy's own name in the tracing tags."""
        if proxy not in _TWIN:
            return config
        tag = {"literal": {"value": _TWIN[proxy]}, "tag": "istio.canonical_service"}
        own = {"literal": {"value": proxy}, "tag": "istio.canonical_service"}
        renamed: Json = json.loads(json.dumps(config).replace(json.dumps(tag), json.dumps(own)))
        return renamed


def cases(root: Path) -> list[Case]:
    """Return all cases below a folder, in order."""
    return [Case(root, folder.name) for folder in sorted((root / "cases").iterdir()) if folder.is_dir()]


@cache
def _base(root: Path) -> dict[tuple[str, str, str], Resource]:
    """The objects that every case starts from."""
    files = (root / "base" / "workloads.yaml", root / "base" / "mesh.yaml")
    every = (one for file in files for one in parse(file.name, _text(file) or ""))
    return {(one.kind, one.namespace, one.name): one for one in every}


def _text(file: Path) -> str | None:
    return file.read_text(encoding="utf-8") if file.exists() else None


def _recorded(root: Path, case: str, proxy: str) -> Json | None:
    text = _text(root / "cases" / case / "expected" / f"{proxy}.json")
    recorded: Json | None = json.loads(text) if text else None
    return recorded


def _overlaid(usual: Json, difference: Json) -> Json:
    whole = copy.deepcopy(usual)
    for kind in ("clusters", "endpoints"):
        whole[kind].update(difference.get(kind, {}))
    for name, route in difference.get("routes", {}).items():
        hosts = {**whole["routes"].get(name, {}).get("virtual_hosts", {}), **route.get("virtual_hosts", {})}
        whole["routes"][name] = {**whole["routes"].get(name, {}), **route, "virtual_hosts": hosts}
    for name, listener in difference.get("listeners", {}).items():
        before = usual["listeners"].get(name, {"filter_chains": {}})
        chains = {key: _filled(chain, key, before, usual) for key, chain in listener.get("filter_chains", {}).items()}
        merged = {**before, **listener, "filter_chains": {**before["filter_chains"], **chains}}
        whole["listeners"][name] = copy.deepcopy(merged)
    for what, names in difference.get("removed", {}).items():
        place = _removal_place(whole, what)
        for name in names:
            del place[name]
    return whole


def _removal_place(whole: Json, what: str) -> Json:
    kind, _, of = what.partition(" of ")
    place: Json = whole[kind] if not of else whole["routes" if kind == "virtual_hosts" else "listeners"][of][kind]
    return place


def _filled(chain: Json, key: str, before: Json, usual: Json) -> Json:
    """Give a shortened connection manager back what it shares with the one that it was compared with."""
    known = [
        *before["filter_chains"].values(),
        *(c for x in usual["listeners"].values() for c in x["filter_chains"].values()),
    ]
    like = before["filter_chains"].get(key) or next((c for c in known if _manager(c)), None)
    mine, usual_manager = _manager(chain), _manager(like) if like else None
    if mine is None or usual_manager is None:
        return chain
    absent = mine.pop("absent", [])
    whole = {field: value for field, value in usual_manager.items() if field not in absent} | mine
    filters = {one["name"]: one for one in usual_manager["http_filters"]}
    whole["http_filters"] = [one if "typed_config" in one else filters[one["name"]] for one in mine["http_filters"]]
    if "rds" in mine or "route_config" in mine:
        whole.pop("route_config" if "rds" in mine else "rds", None)
    mine.clear()
    mine.update(copy.deepcopy(whole))
    return chain


def _manager(chain: Json) -> dict[str, Any] | None:
    for one in chain.get("filters", []):
        if one["name"] == _MANAGER:
            config: dict[str, Any] = one["typed_config"]
            return config
    return None
