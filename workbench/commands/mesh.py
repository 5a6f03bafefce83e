"""`titanium mesh`: check Istio and Kubernetes YAML, render it to Envoy's configuration, and compare with Istio itself.

kubectl kustomize k8s/overlays/local | titanium mesh check -
titanium mesh render k8s/istio --workload blog --namespace titanium-prod
"""

from __future__ import annotations

import dataclasses
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.errors import EXIT_BREACH, EXIT_PASS
from workbench.mesh.conformance.cases import cases
from workbench.mesh.conformance.table import table, written_into
from workbench.mesh.conformance.verdict import Outcome, judge
from workbench.mesh.errors import MeshConfigError
from workbench.mesh.loader import load_files, load_mesh_config, load_texts
from workbench.mesh.local.mesh import mesh_config
from workbench.mesh.references import dangling
from workbench.mesh.render import proxies_of, render

if TYPE_CHECKING:
    import argparse

    from workbench.mesh.kinds.telemetry import MeshConfig
    from workbench.mesh.model import Proxy, Resources

NAME = "mesh"
HELP = "check Istio's YAML, render it to Envoy configuration, compare the renderer with Istio"

_REFERENCE = Path("tests/contract/mesh/istio_reference")
_DOCUMENT = Path("docs/mesh.md")


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the sub-commands."""
    commands = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    check = commands.add_parser("check", help="refuse what Istio refuses and what cannot be rendered; write nothing")
    show = commands.add_parser("render", help="print the configuration of one proxy, or of all, as JSON")
    for one in (check, show):
        one.add_argument("paths", nargs="+", metavar="PATH", help="YAML file or folder; - reads standard input")
        one.add_argument(
            "--mesh-config", type=Path, metavar="FILE", help="lines of Istio's mesh configuration (the project's own)"
        )
    show.add_argument("--workload", metavar="NAME", help="only the proxy of this Deployment")
    show.add_argument("--namespace", "-n", metavar="NAME", help="the Deployment's namespace")
    compare = commands.add_parser("table", help="compare the renderer with the recorded cases of a real Istio")
    compare.add_argument("--reference", type=Path, default=_REFERENCE, metavar="FOLDER")
    compare.add_argument("--write", action="store_true", help=f"write the table into {_DOCUMENT}")


def run(args: argparse.Namespace) -> int:
    """Run one sub-command; the errors of a mesh are usage errors."""
    if args.action == "table":
        return _table(args)
    resources, mesh = _load(args.paths), _mesh_config(args.mesh_config)
    proxies = proxies_of(resources)
    if args.action == "check":
        return _check(resources, proxies, mesh)
    return _render(resources, _chosen(proxies, args.workload, args.namespace), mesh)


def _load(paths: list[str]) -> Resources:
    if paths == ["-"]:
        return load_texts([("<standard input>", sys.stdin.read())])
    for path in paths:
        if not Path(path).exists():
            raise MeshConfigError(f"{path}: no such file or folder")
    return load_files(Path(path) for path in paths)


def _mesh_config(file: Path | None) -> MeshConfig:
    return load_mesh_config(str(file), file.read_text(encoding="utf-8")) if file else mesh_config()


def _chosen(proxies: list[Proxy], workload: str | None, namespace: str | None) -> list[Proxy]:
    chosen = [
        proxy
        for proxy in proxies
        if workload in (None, proxy.workload.name) and namespace in (None, proxy.workload.namespace)
    ]
    if not chosen:
        known = ", ".join(f"{proxy.workload.namespace}/{proxy.workload.name}" for proxy in proxies) or "none at all"
        raise MeshConfigError("no proxy of that name", hint=f"With a proxy: {known}.")
    return chosen


def _check(resources: Resources, proxies: list[Proxy], mesh: MeshConfig | None) -> int:
    if not proxies:
        raise MeshConfigError(
            "no workload here has a proxy",
            hint="Label the namespace istio-injection: enabled, or the pods sidecar.istio.io/inject: 'true'.",
        )
    for warning in dangling(resources):
        print(f"warning: {warning}", file=sys.stderr)
    for proxy in proxies:
        config = render(resources, proxy, mesh=mesh)
        print(
            f"{proxy.workload.namespace}/{proxy.workload.name} ({proxy.role.value}): {len(config.clusters)} clusters, "
            f"{len(config.routes)} route configurations, {len(config.listeners)} listeners"
        )
    return EXIT_PASS


def _render(resources: Resources, proxies: list[Proxy], mesh: MeshConfig | None) -> int:
    document = {
        f"{proxy.workload.namespace}/{proxy.workload.name}": _plain(resources, proxy, mesh) for proxy in proxies
    }
    print(json.dumps(document, indent=2, sort_keys=True))
    return EXIT_PASS


def _plain(resources: Resources, proxy: Proxy, mesh: MeshConfig | None) -> dict[str, object]:
    config = render(resources, proxy, mesh=mesh)
    endpoints = {
        name: [
            {
                **dataclasses.asdict(dataclasses.replace(one, workload=None)),
                "workload": one.workload and one.workload.name,
            }
            for one in ends
        ]
        for name, ends in config.endpoints.items()
    }
    return {
        "clusters": config.clusters,
        "endpoints": endpoints,
        "routes": config.routes,
        "listeners": config.listeners,
    }


def _table(args: argparse.Namespace) -> int:
    if not (args.reference / "cases").is_dir():
        raise MeshConfigError(f"{args.reference}: no recorded cases here", hint="Run this in the checkout's root.")
    verdicts = [judge(case) for case in cases(args.reference)]
    generated = table(verdicts)
    if args.write:
        _DOCUMENT.write_text(written_into(_DOCUMENT.read_text(encoding="utf-8"), generated), encoding="utf-8")
    else:
        print(generated)
    return EXIT_BREACH if any(one.outcome is Outcome.DIFFERENT for one in verdicts) else EXIT_PASS
