"""Names that lead nowhere are reported with their place; a mesh in which all names lead somewhere is silent."""

from __future__ import annotations

from pathlib import Path

import pytest

from workbench.mesh.loader import load_files, load_texts
from workbench.mesh.references import dangling

BASE = Path(__file__).parents[3] / "contract" / "mesh" / "istio_reference" / "base"
TEXTS = [(file.name, file.read_text()) for file in sorted(BASE.glob("*.yaml"))]

RULE = """\
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { name: blog, namespace: titanium-prod }
spec: { host: HOST, subsets: [{ name: v1, labels: { version: VERSION } }] }
"""
ROUTE = """\
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: blog, namespace: titanium-prod }
spec: { hosts: [blog], gateways: [GATEWAY], http: [{ route: [{ destination: DESTINATION }] }] }
"""


def rule(host: str = "blog", version: str = "v1") -> str:
    return RULE.replace("HOST", host).replace("VERSION", version)


def route(destination: str, gateway: str = "titanium") -> str:
    return ROUTE.replace("DESTINATION", destination).replace("GATEWAY", gateway)


def test_a_mesh_without_loose_ends_is_silent() -> None:
    assert dangling(load_files([BASE])) == []
    whole = [*TEXTS, ("rule.yaml", rule()), ("route.yaml", route("{ host: blog, subset: v1, port: { number: 80 } }"))]
    assert dangling(load_texts(whole)) == []


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        (route("{ host: blgo }"), "spec.http[0].route[0].destination", "no Service blgo.titanium-prod"),
        (route("{ host: blog, subset: v9 }"), "spec.http[0].route[0].destination", "has a subset v9"),
        (route("{ host: blog, port: { number: 81 } }"), "spec.http[0].route[0].destination", "has no port 81"),
        (route("{ host: blog }", "nowhere"), "spec.gateways[0]", "no Gateway titanium-prod/nowhere"),
        (rule("blgo"), "spec.host", "no Service blgo.titanium-prod"),
        (rule(version="v9"), "spec.subsets[0]", "no workload has the labels of subset v1"),
    ],
)
def test_a_loose_end_is_named_with_its_place(text: str, place: str, words: str) -> None:
    (warning,) = dangling(load_texts([*TEXTS, ("case.yaml", text)]))
    assert warning.startswith("case.yaml:4: ")
    assert place in warning
    assert words in warning
