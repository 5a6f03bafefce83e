"""What Istio's admission webhook refuses of a VirtualService: actions, ranges, conditions, regular expressions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workbench.mesh.errors import invalid, unsupported
from workbench.mesh.faults import GRPC_STATUS
from workbench.mesh.regexes import mistake
from workbench.mesh.retries import RETRY_CONDITIONS, is_status_code, retry_words
from workbench.mesh.routes import REDIRECT_CODES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workbench.mesh.kinds.base import Percent
    from workbench.mesh.kinds.virtual_service import Fault, HttpMatch, HttpRoute, Retries, StringMatch, VirtualService

_MIN_PERCENT, _MAX_PERCENT = 0.0001, 100.0
_STATUS_RANGE = range(200, 600)
_AUTHORITY_HEADERS = frozenset({"host", ":authority"})


def validate_virtual_service(service: VirtualService) -> None:
    """Raise MeshConfigError for what Istio refuses, UnsupportedError for what is not rendered."""
    if not service.spec.http:
        raise invalid(service, "spec", "http, tcp or tls must be provided in virtual service")
    if len(set(service.spec.hosts)) != len(service.spec.hosts):
        raise invalid(service, "spec.hosts", "duplicate hosts in virtual service")
    for index, http in enumerate(service.spec.http):
        _http_route(service, f"spec.http[{index}]", http)


def _http_route(service: VirtualService, path: str, http: HttpRoute) -> None:
    if http.delegate is None:
        _actions(service, path, http)
    elif http.route or http.redirect:
        raise invalid(service, path, f"root HTTP route {http.name} must not specify route or redirect")
    for index, match in enumerate(http.match):
        for field, how in _string_matches(match):
            _regex(service, f"{path}.match[{index}].{field}", field, how.regex)
    for index, origin in enumerate(http.cors_policy.allow_origins if http.cors_policy else ()):
        _regex(service, f"{path}.corsPolicy.allowOrigins[{index}]", "allowOrigins", origin.regex)
    if http.rewrite and http.rewrite.uri_regex_rewrite:
        _regex(
            service, f"{path}.rewrite.uriRegexRewrite.match", "uriRegexRewrite", http.rewrite.uri_regex_rewrite.match
        )
    if http.retries is not None:
        _retries(service, f"{path}.retries", http.retries)
    if http.fault is not None:
        _fault(service, f"{path}.fault", http.fault)
    for mirror in http.mirrors:
        _percentage(service, f"{path}.mirrors", mirror.percentage)
    _percentage(service, f"{path}.mirrorPercentage", http.mirror_percentage)
    _headers(service, path, http)


def _actions(service: VirtualService, path: str, http: HttpRoute) -> None:
    actions = [bool(http.route), http.redirect is not None, http.direct_response is not None]
    if not any(actions):
        raise invalid(service, path, "HTTP route, redirect or direct_response is required")
    if sum(actions) > 1:
        raise invalid(service, path, "HTTP route cannot contain more than one of route, redirect or direct_response")
    if http.redirect is not None:
        if http.redirect.redirect_code not in REDIRECT_CODES:
            code = http.redirect.redirect_code
            raise invalid(
                service, f"{path}.redirect.redirectCode", f"redirect code {code} is not 301, 302, 303, 307 or 308"
            )
        if http.redirect.uri and http.redirect.prefix_rewrite:
            raise invalid(service, f"{path}.redirect", "redirect rules must not contain both uri and prefixRewrite")
    if http.direct_response is not None and http.direct_response.status not in _STATUS_RANGE:
        raise invalid(
            service,
            f"{path}.directResponse.status",
            f"HTTP status {http.direct_response.status} is not in range 200-599",
        )
    if any(one.weight < 0 for one in http.route):
        raise invalid(service, f"{path}.route", "weight cannot be negative")
    if len(http.route) > 1 and not sum(one.weight for one in http.route):
        raise invalid(service, f"{path}.route", "total destination weight = 0")


def _string_matches(match: HttpMatch) -> Iterator[tuple[str, StringMatch]]:
    for field in ("uri", "scheme", "method", "authority"):
        if (how := getattr(match, field)) is not None:
            yield field, how
    for field, group in (
        ("headers", match.headers),
        ("withoutHeaders", match.without_headers),
        ("queryParams", match.query_params),
    ):
        for name, how in group.items():
            yield f"{field}.{name}", how


def _regex(service: VirtualService, path: str, name: str, pattern: str | None) -> None:
    wrong = mistake(pattern) if pattern is not None else None
    if wrong:
        dialect = "Istio uses RE2 style regex-based match (https://github.com/google/re2/wiki/Syntax)"
        raise invalid(service, path, f'"{name}": error parsing regexp: {wrong}; {dialect}')


def _retries(service: VirtualService, path: str, retries: Retries) -> None:
    if retries.attempts < 0:
        raise invalid(service, f"{path}.attempts", "attempts cannot be negative")
    if retries.attempts == 0 and (retries.per_try_timeout or retries.retry_on):
        raise invalid(service, path, "http retry policy configured when attempts are set to 0 (disabled)")
    for word in retry_words(retries.retry_on):
        if word not in RETRY_CONDITIONS and not is_status_code(word):
            raise invalid(service, f"{path}.retryOn", f'"{word}" is not a valid retryOn policy')


def _fault(service: VirtualService, path: str, fault: Fault) -> None:
    if fault.delay is None and fault.abort is None:
        raise invalid(service, path, "HTTP fault injection must have an abort and/or a delay")
    if fault.delay is not None:
        _percentage(service, f"{path}.delay.percentage", fault.delay.percentage)
        if fault.delay.fixed_delay is None:
            raise invalid(service, f"{path}.delay", "a delay needs fixedDelay")
    if fault.abort is None:
        return
    _percentage(service, f"{path}.abort.percentage", fault.abort.percentage)
    status, grpc = fault.abort.http_status, fault.abort.grpc_status
    if (status is None) == (grpc is None):
        raise invalid(service, f"{path}.abort", "exactly one of httpStatus and grpcStatus is needed")
    if status is not None and status not in _STATUS_RANGE:
        raise invalid(service, f"{path}.abort.httpStatus", f"HTTP status {status} is not in range 200-599")
    if grpc is not None and grpc not in GRPC_STATUS:
        raise invalid(service, f"{path}.abort.grpcStatus", f'gRPC status "{grpc}" is not supported')


def _percentage(service: VirtualService, path: str, percentage: Percent | None) -> None:
    if percentage is None or percentage.value == 0 or _MIN_PERCENT <= percentage.value <= _MAX_PERCENT:
        return
    value = f"{percentage.value:g}"
    raise invalid(service, path, f"percentage {value} is neither 0.0, nor in range [0.0001, 100.0]")


def _headers(service: VirtualService, path: str, http: HttpRoute) -> None:
    for where, headers in (
        (path, http.headers),
        *((f"{path}.route[{i}]", r.headers) for i, r in enumerate(http.route)),
    ):
        for name in (*headers.request.set, *headers.request.add):
            if name.lower() in _AUTHORITY_HEADERS:
                raise unsupported(service, f"{where}.headers.request", f"{name}: use rewrite.authority")
            if name.startswith(":"):
                raise invalid(service, f"{where}.headers.request", f'"{name}": header cannot be a pseudo-header')
