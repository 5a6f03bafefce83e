"""Faults at run time: what can be put in force, that it reaches the routes, and that it is gone afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from workbench.errors import UsageError
from workbench.mesh.loader import load_texts
from workbench.mesh.local.faults import FaultStore, InjectedFault, with_faults

if TYPE_CHECKING:
    from pathlib import Path

RULE = """
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: blog, namespace: titanium-prod }
spec: { hosts: [blog], http: [{ route: [{ destination: { host: blog } }] }] }
"""


def test_a_fault_stands_in_every_route_of_its_service() -> None:
    resources = load_texts([("mesh.yaml", RULE)])
    (changed,) = with_faults(resources, {"blog": InjectedFault(40, delay_ms=800)}).virtual_services
    (route,) = changed.spec.http
    assert route.fault is not None
    assert route.fault.delay is not None
    assert route.fault.delay.percentage is not None
    assert route.fault.delay.percentage.value == 40
    assert resources.virtual_services[0].spec.http[0].fault is None


def test_a_service_without_a_virtual_service_is_named() -> None:
    with pytest.raises(UsageError, match="'auth'") as raised:
        with_faults(load_texts([("mesh.yaml", RULE)]), {"auth": InjectedFault(1, status=503)})
    assert "blog" in raised.value.hint


@pytest.mark.parametrize(
    ("percent", "delay_ms", "status"), [(0, 1, 0), (101, 1, 0), (10, 0, 0), (10, 1, 503), (10, -1, 0), (10, 0, 199)]
)
def test_a_fault_that_cannot_be_is_refused(percent: float, delay_ms: int, status: int) -> None:
    with pytest.raises(UsageError):
        InjectedFault(percent, delay_ms=delay_ms, status=status)


def test_faults_are_remembered_until_they_are_cleared(tmp_path: Path) -> None:
    store, fault = FaultStore(tmp_path), InjectedFault(5, status=503)
    assert store.read() == {}
    store.write({"blog": fault})
    assert FaultStore(tmp_path).read() == {"blog": fault}
    store.write({})
    assert store.read() == {}
