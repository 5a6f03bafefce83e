"""A case's verdict: equal in meaning, refused by name, refused as Istio refuses, or different (a defect)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from workbench.mesh.conformance.cases import PROXIES
from workbench.mesh.conformance.meaning import Difference, differences, meaning
from workbench.mesh.conformance.shape import RecordedAddresses, recorded_shape
from workbench.mesh.errors import MeshConfigError, UnsupportedError
from workbench.mesh.render import proxy_of, render

if TYPE_CHECKING:
    from workbench.mesh.conformance.cases import Case


class Outcome(Enum):
    """How a case ended."""

    EQUAL = "equal"
    ACCEPTED = "accepted, as Istio does"
    REFUSED_AS_ISTIO = "refused, as Istio does"
    UNSUPPORTED = "refused as unsupported"
    DIFFERENT = "DIFFERENT"


@dataclass(frozen=True)
class Verdict:
    """The outcome, with the message of a refusal or the differences."""

    case: str
    shows: str
    outcome: Outcome
    message: str = ""
    differences: tuple[Difference, ...] = ()


def judge(case: Case) -> Verdict:
    """Render a case for all recorded proxies and compare each with what Istio pushed."""
    try:
        found = _compare(case)
    except UnsupportedError as error:
        return Verdict(case.name, case.shows(), Outcome.UNSUPPORTED, str(error))
    except MeshConfigError as error:
        right = case.refusal is not None
        return Verdict(case.name, case.shows(), Outcome.REFUSED_AS_ISTIO if right else Outcome.DIFFERENT, str(error))
    if case.refusal is not None:
        return Verdict(case.name, case.shows(), Outcome.DIFFERENT, "Istio refuses this, the renderer took it")
    if case.is_accepted_only:
        return Verdict(case.name, case.shows(), Outcome.ACCEPTED)
    return Verdict(case.name, case.shows(), Outcome.DIFFERENT if found else Outcome.EQUAL, differences=tuple(found))


def _compare(case: Case) -> list[Difference]:
    resources, mesh = case.resources(), case.mesh_config()
    found: list[Difference] = []
    for proxy, (name, namespace) in PROXIES.items():
        target = proxy_of(resources, resources.workload(name, namespace))
        config = render(resources, target, mesh=mesh, addresses=RecordedAddresses())
        if case.refusal is None and not case.is_accepted_only:
            actual = recorded_shape(proxy, config)
            found += differences(meaning(case.expected(proxy)), meaning(actual), proxy)
    return found
