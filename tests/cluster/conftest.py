"""A real cluster: the one that KUBECONFIG names, each test in a namespace of its own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

_TIMEOUT_S = 60


@dataclass(frozen=True)
class Cluster:
    """kubectl in one namespace."""

    namespace: str

    def kubectl(self, *words: str, given: str | None = None) -> str:
        done = subprocess.run(
            ["kubectl", "--namespace", self.namespace, *words],
            input=given,
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_S,
            check=False,
        )
        assert done.returncode == 0, f"kubectl {' '.join(words)}: {done.stderr}"
        return done.stdout

    def apply(self, *objects: dict[str, Any]) -> None:
        self.kubectl("apply", "--filename=-", given=json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}))

    def get(self, kind: str, name: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.kubectl("get", kind, name, "--output=json"))
        return found


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    if not os.environ.get("KUBECONFIG"):
        pytest.skip("KUBECONFIG is unset: these tests need a cluster with Argo Rollouts")
    if shutil.which("kubectl") is None:
        pytest.skip("kubectl is not on PATH")
    namespace = f"titanium-{uuid.uuid4().hex[:8]}"
    one = Cluster(namespace)
    one.kubectl("create", "namespace", namespace)
    yield one
    one.kubectl("delete", "namespace", namespace, "--wait=false")
