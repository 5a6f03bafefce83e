"""What Istio takes without a word and what yet leads nowhere: names that no object of the mesh has.

A route to an unknown service or subset is answered 503 (`NC`), a rule for an unknown host never applies. Istio accepts
both, because the other object may come later; `titanium mesh check` says so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from workbench.mesh.errors import at
from workbench.mesh.registry import Registry, qualified
from workbench.mesh.routes import MESH

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workbench.mesh.kinds.virtual_service import Destination, HttpRoute, VirtualService
    from workbench.mesh.model import Resources


def dangling(resources: Resources) -> list[str]:
    """Return one sentence for each name that refers to nothing, with file, line, object and field."""
    registry = Registry(resources)
    return [
        *(
            warning
            for service in resources.virtual_services
            for warning in _virtual_service(resources, registry, service)
        ),
        *_destination_rules(resources, registry),
    ]


def _virtual_service(resources: Resources, registry: Registry, service: VirtualService) -> Iterator[str]:
    gateways = {f"{one.namespace}/{one.name}" for one in resources.gateways}
    for index, name in enumerate(service.spec.gateways):
        full = name if "/" in name else f"{service.namespace}/{name}"
        if name != MESH and full not in gateways:
            yield at(service, f"spec.gateways[{index}]", f"there is no Gateway {full}")
    subsets = _subsets(resources)
    for number, http in enumerate(service.spec.http):
        for path, destination in _destinations(http):
            field = f"spec.http[{number}].{path}"
            host = qualified(destination.host, service.namespace)
            found = registry.find(host)
            if found is None:
                yield at(service, field, f"there is no Service {host}: requests are answered 503")
            elif destination.subset and (host, destination.subset) not in subsets:
                yield at(service, field, f"no DestinationRule has a subset {destination.subset} of {host}")
            elif destination.port and found.port(destination.port.number) is None:
                yield at(service, field, f"{host} has no port {destination.port.number}")


def _destinations(http: HttpRoute) -> Iterator[tuple[str, Destination]]:
    for index, one in enumerate(http.route):
        yield f"route[{index}].destination", one.destination
    if http.mirror:
        yield "mirror", http.mirror
    for index, mirror in enumerate(http.mirrors):
        yield f"mirrors[{index}].destination", mirror.destination


def _subsets(resources: Resources) -> set[tuple[str, str]]:
    return {
        (qualified(rule.spec.host, rule.namespace), subset.name)
        for rule in resources.destination_rules
        for subset in rule.spec.subsets
    }


def _destination_rules(resources: Resources, registry: Registry) -> Iterator[str]:
    for rule in resources.destination_rules:
        host = qualified(rule.spec.host, rule.namespace)
        service = registry.find(host)
        if service is None:
            yield at(rule, "spec.host", f"there is no Service {host}: the rule never applies")
            continue
        for index, subset in enumerate(rule.spec.subsets):
            if not registry.behind(service, subset.labels):
                yield at(rule, f"spec.subsets[{index}]", f"no workload has the labels of subset {subset.name}")
