"""Bad YAML is refused with file, line, object and field; good YAML is read whatever way it is written."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from workbench.mesh.errors import MeshConfigError, UnsupportedError
from workbench.mesh.loader import load_files, load_mesh_config, load_texts

if TYPE_CHECKING:
    from pathlib import Path

ROUTE = """\
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: blog, namespace: shop }
spec:
  hosts: [blog]
  http:
    - route: [{ destination: { host: blog } }]
"""


def load(text: str) -> None:
    load_texts([("mesh.yaml", text)])


@pytest.mark.parametrize(
    ("text", "place", "reason"),
    [
        ("a: [1", "mesh.yaml:1", "not valid YAML"),
        ("a: 1\na: 2", "mesh.yaml:2", "not valid YAML"),
        ("- 1", "mesh.yaml (document 1)", "a Kubernetes object was expected"),
        ("kind: Poem\napiVersion: v1", "mesh.yaml:1", "unknown kind 'Poem'"),
        ("kind: Service\napiVersion: v7", "mesh.yaml:1", "unknown kind 'Service' of apiVersion 'v7'"),
        (ROUTE.replace("route:", "rout:"), "mesh.yaml:7", 'unknown field "spec.http[0].rout"'),
        (ROUTE.replace("hosts: [blog]", "hosts: blog"), "mesh.yaml:5", "spec.hosts"),
        (ROUTE.replace("[blog]", "[1]"), "mesh.yaml:5", "spec.hosts[0]"),
        (ROUTE + "      timeout: 5\n", "mesh.yaml:8", "must be a valid duration"),
        (ROUTE + "      retries: { attempts: two }\n", "mesh.yaml:8", "spec.http[0].retries.attempts"),
        (ROUTE + "---\n" + ROUTE, "mesh.yaml:11", "VirtualService shop/blog is defined twice, first in mesh.yaml:3"),
        (ROUTE.replace("name: blog, ", ""), "mesh.yaml:3", "metadata.name"),
    ],
)
def test_a_mistake_is_named_with_its_place_and_field(text: str, place: str, reason: str) -> None:
    with pytest.raises(MeshConfigError) as caught:
        load(text)
    assert not isinstance(caught.value, UnsupportedError)
    assert str(caught.value).startswith(place)
    assert reason in str(caught.value)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (ROUTE + "  tcp: []\n", "mesh.yaml:8: VirtualService blog: spec.tcp"),
        (ROUTE + "  exportTo: ['.']\n", "mesh.yaml:8: VirtualService blog: spec.exportTo"),
        ("apiVersion: networking.istio.io/v1\nkind: Sidecar\nmetadata: { name: s }", "mesh.yaml:2: Sidecar s"),
    ],
)
def test_what_istio_has_and_we_do_not_is_told_apart_from_a_mistake(text: str, named: str) -> None:
    with pytest.raises(UnsupportedError) as caught:
        load(text)
    assert str(caught.value).startswith(named)


def test_the_same_object_in_two_files_is_refused() -> None:
    with pytest.raises(
        MeshConfigError, match=r"b.yaml:3: VirtualService shop/blog is defined twice, first in a.yaml:3"
    ):
        load_texts([("a.yaml", ROUTE), ("b.yaml", ROUTE)])


def test_anchors_and_merges_are_read() -> None:
    text = ROUTE.replace(
        "route: [{ destination: { host: blog } }]", "&one\n      route: [{ destination: { host: blog } }]"
    )
    resources = load_texts([("mesh.yaml", text + "    - <<: *one\n      timeout: 2s\n")])
    first, second = resources.virtual_services[0].spec.http
    assert first.route == second.route
    assert second.timeout is not None


def test_a_mistake_in_a_merged_field_is_placed_at_the_nearest_line() -> None:
    text = "apiVersion: v1\nkind: List\nitems: []\nx: &x { timeOut: 1s }\n---\n" + ROUTE.replace(
        "- route", "- <<: { timeOut: 1s }\n      route"
    )
    with pytest.raises(
        MeshConfigError, match=r'mesh.yaml:\d+: VirtualService blog: unknown field "spec.http\[0\].timeOut"'
    ):
        load(text)


def test_a_list_object_is_opened() -> None:
    items = "".join(f"    {line}\n" for line in ROUTE.splitlines())
    resources = load_texts([("l.yaml", "apiVersion: v1\nkind: List\nitems:\n  - " + items.lstrip())])
    assert [str(one) for one in resources.virtual_services] == ["VirtualService shop/blog"]


def test_kinds_without_meaning_for_the_mesh_are_read_past() -> None:
    resources = load_texts(
        [("m.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: c }\ndata: { a: b }\n---\n---\n")]
    )
    assert resources.services == ()


def test_messages_name_the_file_that_kustomize_says_an_object_came_from() -> None:
    note = "\n  annotations:\n    config.kubernetes.io/origin: |\n      path: base/blog.yaml\n"
    text = (
        ROUTE.replace("metadata: { name: blog, namespace: shop }", f"metadata:\n  name: blog{note}")
        + "      timeOut: 1s\n"
    )
    with pytest.raises(MeshConfigError, match=r"base/blog.yaml \(as built into mesh.yaml\)"):
        load(text)


def test_folders_are_read_in_order_and_recursively(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "one.yml").write_text(ROUTE)
    (tmp_path / "two.yaml").write_text(ROUTE.replace("name: blog", "name: two"))
    resources = load_files([tmp_path])
    assert [one.name for one in resources.virtual_services] == ["blog", "two"]


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(MeshConfigError, match=r"bad.yaml: cannot be read"):
        load_files([tmp_path])


def test_port_numbers_may_be_strings_as_kustomize_writes_them() -> None:
    text = """\
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: { name: p }
spec: { selector: { matchLabels: { app: a } }, portLevelMtls: { "8000": { mode: DISABLE } } }
"""
    policy = load_texts([("p.yaml", text)]).peer_authentications[0]
    assert policy.spec.port_level_mtls[8000].mode == "DISABLE"


def test_an_unknown_line_of_the_mesh_configuration_is_refused() -> None:
    with pytest.raises(MeshConfigError, match='unknown field "enableEverything"'):
        load_mesh_config("mesh.yaml", "enableEverything: true")
    assert load_mesh_config("mesh.yaml", "").access_log_encoding == "TEXT"
