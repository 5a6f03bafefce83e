"""OpenAPI documents every error that a route can answer, in every service."""

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI

EVERYWHERE = {"500", "503", "504"}
PROBLEM = {"$ref": "#/components/schemas/ProblemDocument"}


def operations(app: FastAPI) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in app.openapi()["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def test_each_route_documents_what_any_route_may_answer(app: FastAPI) -> None:
    missing = {name: EVERYWHERE - set(operation["responses"]) for name, operation in operations(app)}

    assert missing
    assert not {name: statuses for name, statuses in missing.items() if statuses}


def test_each_error_is_a_problem_document(app: FastAPI) -> None:
    strays = [
        f"{name} {status}"
        for name, operation in operations(app)
        for status, response in operation["responses"].items()
        if int(status) >= HTTPStatus.BAD_REQUEST
        and response["content"].get("application/problem+json", {}).get("schema") != PROBLEM
    ]

    assert strays == []
    assert "ProblemDocument" in app.openapi()["components"]["schemas"]


def test_whoever_takes_input_documents_422_and_whoever_asks_for_a_token_401(app: FastAPI) -> None:
    for name, operation in operations(app):
        if "requestBody" in operation or operation.get("parameters"):
            assert "422" in operation["responses"], name
        if operation.get("security"):
            assert "401" in operation["responses"], name


def test_every_success_says_what_it_returns(app: FastAPI) -> None:
    for name, operation in operations(app):
        successes = {status: response for status, response in operation["responses"].items() if status < "300"}
        assert successes, name
        for status, response in successes.items():
            assert status == "204" or response.get("content"), f"{name} {status}"
