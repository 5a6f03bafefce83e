"""Retries: Istio retries where the YAML is silent; only `attempts: 0` switches it off."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from workbench.mesh.envoy import duration, extension

if TYPE_CHECKING:
    from workbench.mesh.kinds.virtual_service import Retries
    from workbench.mesh.model import Json

_DEFAULT_ATTEMPTS = 2
_DEFAULT_RETRY_ON = "connect-failure,refused-stream,unavailable,cancelled,retriable-status-codes"
_STATUS_CODES = "retriable-status-codes"
_HOST_ATTEMPTS = 5
"""How often Envoy looks for a host that was not tried before; Istio's number."""

RETRY_CONDITIONS = frozenset(
    {
        "5xx",
        "gateway-error",
        "reset",
        "reset-before-request",
        "connect-failure",
        "retriable-4xx",
        "refused-stream",
        "retriable-status-codes",
        "retriable-headers",
        "envoy-ratelimited",
        "http3-post-connect-failure",
        "cancelled",
        "deadline-exceeded",
        "internal",
        "resource-exhausted",
        "unavailable",
    }
)
"""What Istio accepts in `retryOn`, besides status codes."""


def retry_policy(retries: Retries | None, *, hashing: bool = False) -> Json | None:
    """Return the policy of an outbound route, None for none; a hashed route may go to the same host again."""
    if retries is None:
        return _policy(_DEFAULT_ATTEMPTS, another_host=not hashing)
    if retries.attempts <= 0:
        return None
    another = retries.retry_ignore_previous_hosts
    policy = _policy(retries.attempts, another_host=(not hashing) if another is None else another)
    if retries.retry_on:
        policy |= _conditions(retries.retry_on)
    if retries.per_try_timeout:
        policy["per_try_timeout"] = duration(retries.per_try_timeout)
    if retries.retry_remote_localities:
        policy["retry_priority"] = extension(
            "envoy.retry_priorities.previous_priorities",
            "envoy.extensions.retry.priority.previous_priorities.v3.PreviousPrioritiesConfig",
            update_frequency=2,
        )
    if retries.backoff:
        policy["retry_back_off"] = {"base_interval": duration(retries.backoff)}
    return policy


def inbound_retry_policy() -> Json:
    """Return the policy towards the own application: only what it cannot have seen is sent again."""
    return {"num_retries": 2, "retry_on": "reset-before-request"}


def is_status_code(word: str) -> bool:
    """Whether a word of `retryOn` is a known HTTP status."""
    return word.isdigit() and int(word) in HTTPStatus._value2member_map_


def retry_words(retry_on: str) -> list[str]:
    """Return the conditions of a comma-separated list."""
    return [word.strip() for word in retry_on.split(",") if word.strip()]


def _policy(attempts: int, *, another_host: bool) -> Json:
    policy: Json = {
        "num_retries": attempts,
        "retry_on": _DEFAULT_RETRY_ON,
        "host_selection_retry_max_attempts": _HOST_ATTEMPTS,
    }
    if another_host:
        policy["retry_host_predicate"] = [
            extension(
                "envoy.retry_host_predicates.previous_hosts",
                "envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate",
            )
        ]
    return policy


def _conditions(retry_on: str) -> Json:
    words = retry_words(retry_on)
    codes = [int(word) for word in words if is_status_code(word)]
    conditions = [word for word in words if not is_status_code(word)]
    if not codes:
        return {"retry_on": ",".join(conditions)}
    if _STATUS_CODES not in conditions:
        conditions.append(_STATUS_CODES)
    return {"retry_on": ",".join(conditions), "retriable_status_codes": codes}
