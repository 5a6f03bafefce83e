"""The table and what is made from it: complete, documented, and equal to what the services offer."""

from typing import Any

import pytest
from fastapi import FastAPI

from services.api_gateway.app import create_app
from services.api_gateway.routes import ROUTES, RateClass, Route, Upstream
from services.api_gateway.settings import GatewaySettings
from services.auth.endpoints import router as auth_router
from services.blog.endpoints import router as blog_router
from services.user.endpoints import router as user_router

# Reached by another way: deleting the profile alone would leave an account without one.
NOT_PUBLIC = {("DELETE", "/v1/users/me")}


def _document(upstream: Upstream) -> dict[str, Any]:
    app = FastAPI()
    app.include_router({"auth": auth_router, "user": user_router, "blog": blog_router}[upstream.value])
    return app.openapi()


def _operations(upstream: Upstream) -> dict[tuple[str, str], dict[str, Any]]:
    paths = _document(upstream)["paths"]
    return {
        (method.upper(), path): operation for path, methods in paths.items() for method, operation in methods.items()
    }


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return create_app(GatewaySettings()).openapi()


@pytest.mark.parametrize("upstream", Upstream)
def test_the_table_has_every_operation_of_a_service_and_no_other(upstream: Upstream) -> None:
    public = {(route.method, route.upstream_path or route.path) for route in ROUTES if route.upstream is upstream}
    offered = set(_operations(upstream))
    assert public == (offered - NOT_PUBLIC if upstream is Upstream.USER else offered)


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_the_gateway_documents_every_error_that_its_service_documents(route: Route, document: dict[str, Any]) -> None:
    operation = _operations(route.upstream)[route.method, route.upstream_path or route.path]
    offered = {status for status in operation["responses"] if status.startswith(("4", "5"))}
    documented = set(document["paths"][route.path][route.method.lower()]["responses"])
    assert offered <= documented
    assert {"429", "431", "500", "502", "503", "504"} <= documented


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_the_document_says_what_a_caller_has_to_send(route: Route, document: dict[str, Any]) -> None:
    operation = document["paths"][route.path][route.method.lower()]
    assert ("security" in operation) == route.authenticated
    assert ("requestBody" in operation) == bool(route.body_limit_bytes)
    assert [parameter["name"] for parameter in operation.get("parameters", [])] == [
        part.strip("{}") for part in route.path.split("/") if part.startswith("{")
    ]


def test_no_operation_stands_twice_in_the_table() -> None:
    operations = [(route.method, route.path) for route in ROUTES]
    assert len(operations) == len(set(operations))


def test_a_fixed_path_comes_before_a_template_that_would_take_it() -> None:
    paths = [route.path for route in ROUTES]
    assert paths.index("/v1/users/me") < paths.index("/v1/users/{handle}")


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_limits_are_within_those_of_the_service_defaults(route: Route) -> None:
    settings = GatewaySettings()
    assert 0 < route.timeout_s < settings.request_timeout_s
    assert 0 <= route.body_limit_bytes <= settings.request_body_limit_bytes


def test_writes_and_credentials_are_not_limited_as_reads() -> None:
    classes = {route.rate_class for route in ROUTES if route.method != "GET"}
    assert RateClass.READ not in classes
    assert {route.rate_class for route in ROUTES if route.method == "GET"} == {RateClass.READ}
