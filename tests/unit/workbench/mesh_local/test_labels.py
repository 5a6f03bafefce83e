"""The labels of Istio's metrics: their set, their order, and what stands in each."""

from __future__ import annotations

import re

from workbench.mesh.local.labels import (
    CALLER_LABELS,
    CONNECTION_LABELS,
    HTTP_ONLY,
    LABELS,
    caller_labels,
    destination_tags,
    open_connection_labels,
    source_tags,
    usual_source_tags,
)
from workbench.mesh.local.metrics import BUCKETS_MS, SLOW_REQUESTS, Labelled, histogram_buckets, request_loggers
from workbench.mesh.local.tcp_bytes import stat_prefix, stats_tags
from workbench.mesh.model import Workload

SERVICE = {"host": "blog.titanium-prod.svc.cluster.local", "name": "blog", "namespace": "titanium-prod"}


def _workload(name: str, account: str = "", version: str = "v1") -> Workload:
    return Workload(name, "titanium-prod", account or name, {"app": account or name, "version": version})


def _values(tags: list[dict[str, str]]) -> dict[str, str]:
    return {tag["name"]: tag["value_format"] for tag in tags}


def test_both_reporters_have_istios_25_labels_in_istios_order() -> None:
    blog = _workload("blog")
    assert len(LABELS) == 25
    assert tuple(_values(source_tags(blog))) == LABELS
    assert tuple(_values(usual_source_tags(blog))) == LABELS
    assert tuple(_values(destination_tags(blog, SERVICE))) == LABELS
    assert set(caller_labels([blog])) == set(CALLER_LABELS)


def test_tcp_metrics_have_no_response_code() -> None:
    names = tuple(_values(source_tags(_workload("blog"), tcp=True)))
    assert names == tuple(label for label in LABELS if label not in HTTP_ONLY)


def test_a_proxys_own_side_is_written_in() -> None:
    source = _values(source_tags(_workload("blog-v2", "blog", "v2")))
    own = {name: source[f"source_{name}"] for name in ("workload", "app", "version", "canonical_revision", "cluster")}
    assert own == {
        "workload": "blog-v2",
        "app": "blog",
        "version": "v2",
        "canonical_revision": "v2",
        "cluster": "Kubernetes",
    }


def test_the_client_never_says_how_the_connection_is_secured() -> None:
    assert _values(source_tags(_workload("blog")))["connection_security_policy"] == "unknown"


def test_the_clients_version_is_looked_up_by_its_identity() -> None:
    version = caller_labels([_workload("user", version="v7")])["source_version"]
    assert "in ['spiffe://cluster.local/ns/titanium-prod/sa/user'] ? 'v7'" in version


def test_a_version_is_unknown_where_two_share_an_identity() -> None:
    peers = [_workload("blog"), _workload("blog-v2", "blog", "v2")]
    values = caller_labels(peers)
    assert "'v1'" not in values["source_version"]
    assert "'v2'" not in values["source_version"]
    assert "blog-v2" not in values["source_workload"]


def test_a_usual_request_costs_no_expression() -> None:
    assert not any("CEL" in value for value in _values(usual_source_tags(_workload("blog"))).values())
    assert not any("CEL" in value for value in _values(destination_tags(_workload("blog"), SERVICE)).values())


def test_the_variants_of_a_request_exclude_each_other_by_their_conditions() -> None:
    usual, usual_slow = request_loggers([Labelled(source_tags(_workload("blog")), "c")])
    assert usual["filter"]["extension_filter"]["typed_config"]["expression"] == "c"
    assert [set(one) for one in usual_slow["filter"]["and_filter"]["filters"]] == [
        {"duration_filter"},
        {"extension_filter"},
    ]


def test_slow_requests_are_those_of_500_ms_or_more() -> None:
    _, slow = request_loggers([Labelled(source_tags(_workload("blog")))])
    comparison = slow["filter"]["duration_filter"]["comparison"]
    assert (comparison["op"], comparison["value"]["default_value"]) == ("GE", 500)
    assert slow["typed_config"]["counters"][0]["stat"]["name"] == SLOW_REQUESTS


def test_buckets_are_istios() -> None:
    (setting,) = histogram_buckets()["histogram_bucket_settings"]
    assert setting["buckets"] == list(BUCKETS_MS)
    assert BUCKETS_MS[0] == 0.5
    assert BUCKETS_MS[-1] == 3_600_000
    assert len(BUCKETS_MS) == 19


def test_the_labels_of_open_connections_are_those_of_the_logger_in_the_same_order() -> None:
    labels = open_connection_labels(_workload("blog"), SERVICE, [_workload("user")])
    assert tuple(labels[name] for name in CONNECTION_LABELS)
    assert set(labels) == set(_values(source_tags(_workload("blog"), tcp=True)))
    assert labels["destination_workload"] == "user"


def test_what_several_servers_do_not_have_in_common_is_unknown() -> None:
    labels = open_connection_labels(_workload("blog"), SERVICE, [_workload("user"), _workload("user-v2", "user", "v2")])
    assert labels["destination_app"] == "user"
    assert (labels["destination_workload"], labels["destination_version"]) == ("unknown", "unknown")


def test_the_scope_of_a_tcp_proxy_carries_the_labels() -> None:
    labels = open_connection_labels(_workload("blog"), SERVICE, [_workload("user")])
    statistic = f"tcp.{stat_prefix(labels)}.downstream_cx_tx_bytes_total"
    read = {str(tag["tag_name"]): re.match(str(tag["regex"]), statistic) for tag in stats_tags()}
    assert {name: found and found.group(2) for name, found in read.items()} == labels
