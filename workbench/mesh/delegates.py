"""Delegation: a root VirtualService hands the requests that one of its routes matches to another VirtualService.

The delegate's routes stand in the place of the root's, each with both matches; what it does not set comes from the
root. Istio leaves out a route whose matches contradict the root's; here that is refused, so that nothing vanishes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from workbench.mesh.errors import invalid, unsupported
from workbench.mesh.kinds.virtual_service import HttpMatch, HttpRoute
from workbench.mesh.registry import qualified

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workbench.mesh.kinds.virtual_service import Destination, StringMatch, VirtualService

_OWN = frozenset({"name", "match", "route", "redirect", "delegate"})
"""Fields that a delegate's route never takes from the root's."""

_STRINGS = ("uri", "scheme", "method", "authority")
_MAPS = ("headers", "without_headers", "query_params")


def resolved(services: Sequence[VirtualService]) -> tuple[VirtualService, ...]:
    """Return the VirtualServices with every delegating route replaced by its delegate's routes."""
    by_name = {(one.namespace, one.name): one for one in services}
    return tuple(_expanded(one, by_name) for one in services)


def _expanded(root: VirtualService, by_name: dict[tuple[str, str], VirtualService]) -> VirtualService:
    routes: list[HttpRoute] = []
    for index, route in enumerate(root.spec.http):
        if route.delegate is None:
            routes.append(route)
            continue
        path = f"spec.http[{index}].delegate"
        part = by_name.get((route.delegate.namespace or root.namespace, route.delegate.name))
        if part is None or part.spec.hosts:
            raise invalid(root, path, f"there is no VirtualService {route.delegate.name} without hosts to delegate to")
        if any(leaf.delegate for leaf in part.spec.http):
            raise invalid(part, "spec.http", "delegate HTTP route cannot contain delegate")
        routes += [_merged(root, path, route, _qualified(leaf, part.namespace)) for leaf in part.spec.http]
    return root.model_copy(update={"spec": root.spec.model_copy(update={"http": routes})})


def _merged(service: VirtualService, path: str, root: HttpRoute, leaf: HttpRoute) -> HttpRoute:
    inherited = {
        field: getattr(root, field)
        for field in root.model_fields_set - leaf.model_fields_set - _OWN
        if field in HttpRoute.model_fields
    }
    name = "-".join(filter(None, (root.name, leaf.name)))
    return leaf.model_copy(update={**inherited, "name": name, "match": _matches(service, path, root.match, leaf.match)})


def _matches(service: VirtualService, path: str, roots: list[HttpMatch], leaves: list[HttpMatch]) -> list[HttpMatch]:
    if not roots or not leaves:
        return roots or leaves
    merged: list[HttpMatch] = []
    for leaf in leaves:
        fitting = [_both(root, leaf) for root in roots if not _contradict(root, leaf)]
        if not fitting:
            raise unsupported(
                service, path, "a match of the delegate contradicts the root's; Istio leaves the route out"
            )
        merged += fitting
    return merged


def _both(root: HttpMatch, leaf: HttpMatch) -> HttpMatch:
    update: dict[str, object] = {"name": "-".join(filter(None, (root.name, leaf.name)))}
    for field in (*_MAPS, "source_labels"):
        update[field] = {**getattr(root, field), **getattr(leaf, field)}
    for field in (*_STRINGS, "port", "source_namespace", "gateways"):
        update[field] = getattr(leaf, field) or getattr(root, field)
    return leaf.model_copy(update=update)


def _contradict(root: HttpMatch, leaf: HttpMatch) -> bool:
    pairs = [(getattr(root, field), getattr(leaf, field)) for field in _STRINGS]
    pairs += [(getattr(root, field).get(key), how) for field in _MAPS for key, how in getattr(leaf, field).items()]
    return (
        any(_strings_contradict(one, other) for one, other in pairs)
        or root.ignore_uri_case != leaf.ignore_uri_case
        or bool(root.port and leaf.port and root.port != leaf.port)
        or bool(root.source_namespace and leaf.source_namespace != root.source_namespace)
        or any(root.source_labels.get(key, value) != value for key, value in leaf.source_labels.items())
        or bool(root.gateways and not set(leaf.gateways) <= set(root.gateways))
    )


def _strings_contradict(root: StringMatch | None, leaf: StringMatch | None) -> bool:
    """Whether the delegate's string is no part of the root's; Istio compares no two regular expressions."""
    if root is None or leaf is None:
        return False
    if root.exact and not root.regex:
        return leaf.exact != root.exact
    if root.prefix and not leaf.regex:
        return not (leaf.prefix or leaf.exact or "").startswith(root.prefix)
    return True


def _qualified(route: HttpRoute, namespace: str) -> HttpRoute:
    """Give destinations their full names: a short one means the delegate's namespace, not the root's."""

    def full(one: Destination) -> Destination:
        return one.model_copy(update={"host": qualified(one.host, namespace)})

    update: dict[str, object] = {
        field: [one.model_copy(update={"destination": full(one.destination)}) for one in getattr(route, field)]
        for field in route.model_fields_set & {"route", "mirrors"}
    }
    # Only what was written: a field that is updated counts as set, and would no longer come from the root.
    return route.model_copy(update=update | ({"mirror": full(route.mirror)} if route.mirror else {}))
