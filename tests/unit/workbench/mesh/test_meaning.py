"""What the comparison forgives, and that it forgives nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from workbench.mesh.conformance.meaning import differences, meaning


def differ(expected: Any, actual: Any) -> list[str]:  # noqa: ANN401 -- any JSON
    return [one.path for one in differences(meaning(expected), meaning(actual))]


@pytest.mark.parametrize(
    ("expected", "actual"),
    [
        ({"timeout": "0.500s"}, {"timeout": "0.5s"}),
        ({"percentage": {"numerator": 400_000, "denominator": "MILLION"}}, {"percentage": {"numerator": 40}}),
        ({"percentage": {}}, {"percentage": {"numerator": 0, "denominator": "MILLION"}}),
        ({"domains": ["b", "a"]}, {"domains": ["a", "b"]}),
        ({"minimum_ring_size": "1024"}, {"minimum_ring_size": 1024}),
        ({"match": {"prefix": "/"}}, {"match": {"prefix": "/", "case_sensitive": True}}),
        ({"name": "c"}, {"name": "c", "lb_policy": "ROUND_ROBIN"}),
        ({"rules": {"policies": {}}}, {"rules": {"policies": {}, "action": "ALLOW"}}),
        ({"routes": [{"decorator": {"operation": "x"}}]}, {"routes": [{}]}),
        ({"http_filters": [{"name": "envoy.filters.http.grpc_stats"}]}, {"http_filters": []}),
    ],
)
def test_what_envoy_treats_alike_is_equal(expected: Any, actual: Any) -> None:  # noqa: ANN401 -- any JSON
    assert differ(expected, actual) == []


@pytest.mark.parametrize(
    ("expected", "actual", "path"),
    [
        ({"timeout": "1s"}, {"timeout": "1.5s"}, "/timeout"),
        ({"timeout": "0s"}, {}, "/timeout"),
        ({}, {"timeout": "0s"}, "/timeout"),
        ({"percentage": {"numerator": 4}}, {"percentage": {"numerator": 4, "denominator": "MILLION"}}, "/percentage"),
        ({"routes": [1, 2]}, {"routes": [2, 1]}, "/routes/0"),
        (
            {"http_filters": [{"name": "a"}, {"name": "b"}]},
            {"http_filters": [{"name": "b"}, {"name": "a"}]},
            "/http_filters/0/name",
        ),
        ({"a": {}}, {}, "/a"),
        ({"a": True}, {"a": 1}, "/a"),
        ({"a": 1}, {"a": True}, "/a"),
        ({"exact": "1"}, {"exact": 1}, "/exact"),
        ({"a": [1]}, {"a": [1, 2]}, "/a"),
        ({"domains": ["a"]}, {"domains": ["a", "a"]}, "/domains"),
        ({"match": {}}, {"match": {"case_sensitive": False}}, "/match/case_sensitive"),
    ],
)
def test_everything_else_is_a_difference(expected: Any, actual: Any, path: str) -> None:  # noqa: ANN401 -- any JSON
    assert path in differ(expected, actual)
