"""Errors of the services, rendered as RFC 9457 problem+json by one handler.

    ProblemError                    knows status, type (a stable URI) and title; `detail` is about this occurrence
    ├── MalformedRequestError       400  the request cannot be understood
    ├── UnauthenticatedError        401  no token, or one that does not verify
    ├── ForbiddenError              403  the principal may not do this
    ├── NotFoundError               404  there is no such resource (or none that the caller may know of)
    ├── MethodNotAllowedError       405  the path exists, the method does not
    ├── ConflictError               409  the request contradicts the state of the resource
    ├── PayloadTooLargeError        413  the body is longer than the limit
    ├── UnsupportedMediaTypeError   415  the body is not JSON
    ├── ValidationFailedError       422  fields are wrong; `errors` names each by JSON pointer
    ├── TooManyRequestsError        429  the caller's rate limit; Retry-After says when
    ├── InternalError               500  our fault; no internals leave the service
    ├── BadGatewayError             502  an upstream answered with something that is not HTTP
    ├── UnavailableError            503  a dependency is down or saturated; Retry-After says when
    └── DeadlineExceededError       504  the time budget of the request is used up

A domain error is a subclass with its own `slug` and `title`. `error_responses` turns classes into FastAPI's
`responses=`, so that OpenAPI documents what a route can answer.
"""

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, ClassVar

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

PROBLEM_MEDIA_TYPE = "application/problem+json"
# A stable identifier of the kind of problem, not an address that has to answer (RFC 9457, 3.1.1).
TYPE_PREFIX = "https://titanium.example/problems/"


class FieldError(BaseModel):
    """One wrong field of a request."""

    pointer: str = Field(description="JSON pointer into the request: /body/title, /query/limit.")
    detail: str


class ProblemDocument(BaseModel):
    """The body of every answer with status 4xx or 5xx (RFC 9457)."""

    type: str = Field(description="Stable URI of the kind of problem.")
    title: str
    status: int
    detail: str | None = None
    instance: str | None = Field(default=None, description="The path of the request.")
    request_id: str | None = Field(default=None, description="Quote it when you ask for help.")
    errors: list[FieldError] | None = Field(default=None, description="The wrong fields, with status 422.")


class ProblemError(Exception):
    """An error that a caller of the API sees; catch it to handle every one of them."""

    status: ClassVar[int] = 500
    slug: ClassVar[str] = "internal"
    title: ClassVar[str] = "Internal error"

    def __init__(
        self, detail: str | None = None, *, errors: list[FieldError] | None = None, retry_after_s: int | None = None
    ) -> None:
        super().__init__(detail or self.title)
        self.detail = detail
        self.errors = errors
        self.retry_after_s = retry_after_s

    @property
    def headers(self) -> dict[str, str]:
        return {} if self.retry_after_s is None else {"retry-after": str(self.retry_after_s)}

    @classmethod
    def type_uri(cls) -> str:
        return TYPE_PREFIX + cls.slug


class MalformedRequestError(ProblemError):
    """The request cannot be understood."""

    status = 400
    slug = "malformed-request"
    title = "Malformed request"


class UnauthenticatedError(ProblemError):
    """There is no token, or it does not verify."""

    status = 401
    slug = "unauthenticated"
    title = "Authentication required"

    @property
    def headers(self) -> dict[str, str]:
        # RFC 6750, 3: every 401 names the scheme.
        return {**super().headers, "www-authenticate": 'Bearer realm="titanium"'}


class ForbiddenError(ProblemError):
    """The principal may not do this."""

    status = 403
    slug = "forbidden"
    title = "Not allowed"


class NotFoundError(ProblemError):
    """There is no such resource, or none that the caller may know of."""

    status = 404
    slug = "not-found"
    title = "Not found"


class MethodNotAllowedError(ProblemError):
    """The path exists, the method does not."""

    status = 405
    slug = "method-not-allowed"
    title = "Method not allowed"


class ConflictError(ProblemError):
    """The request contradicts the state of the resource."""

    status = 409
    slug = "conflict"
    title = "Conflict"


class PayloadTooLargeError(ProblemError):
    """The body is longer than the limit."""

    status = 413
    slug = "payload-too-large"
    title = "Payload too large"


class UnsupportedMediaTypeError(ProblemError):
    """The body is not JSON."""

    status = 415
    slug = "unsupported-media-type"
    title = "Unsupported media type"


class ValidationFailedError(ProblemError):
    """Fields of the request are wrong; `errors` names them."""

    status = 422
    slug = "validation-failed"
    title = "The request has invalid fields"


class TooManyRequestsError(ProblemError):
    """The caller sends more than its limit."""

    status = 429
    slug = "too-many-requests"
    title = "Too many requests"


class InternalError(ProblemError):
    """Our fault; the log has the cause under the request's id."""

    status = 500
    slug = "internal"
    title = "Internal error"


class BadGatewayError(ProblemError):
    """An upstream answered with something that is not HTTP."""

    status = 502
    slug = "bad-gateway"
    title = "Bad answer from an upstream service"


class UnavailableError(ProblemError):
    """A dependency is down or saturated."""

    status = 503
    slug = "unavailable"
    title = "Service unavailable"


class DeadlineExceededError(ProblemError):
    """The time budget of the request is used up."""

    status = 504
    slug = "deadline-exceeded"
    title = "The request took too long"


# What the framework raises itself (no route, wrong method, unreadable body) takes the same shape.
_FRAMEWORK_ERRORS: dict[int, type[ProblemError]] = {
    error.status: error
    for error in (
        MalformedRequestError,
        UnauthenticatedError,
        ForbiddenError,
        NotFoundError,
        MethodNotAllowedError,
        PayloadTooLargeError,
        UnsupportedMediaTypeError,
    )
}


def problem_document(error: ProblemError, *, instance: str, request_id: str | None) -> dict[str, Any]:
    """Return the RFC 9457 document of an error; members without a value are left out."""
    document = ProblemDocument(
        type=error.type_uri(),
        title=error.title,
        status=error.status,
        detail=error.detail,
        instance=instance,
        request_id=request_id,
        errors=error.errors,
    )
    return document.model_dump(exclude_none=True)


def render_problem(
    error: ProblemError, *, instance: str, request_id: str | None, headers: Mapping[str, str] | None = None
) -> Response:
    """Render an error as an HTTP response; `headers` are added to the error's own."""
    body = json.dumps(problem_document(error, instance=instance, request_id=request_id), ensure_ascii=False)
    return Response(
        body.encode(),
        status_code=error.status,
        headers={**error.headers, **(headers or {}), "cache-control": "no-store"},
        media_type=PROBLEM_MEDIA_TYPE,
    )


def error_responses(*errors: type[ProblemError]) -> dict[int | str, dict[str, Any]]:
    """Return FastAPI's `responses=` for the errors that a route can answer; two with one status share an entry."""
    grouped: dict[int, list[type[ProblemError]]] = {}
    for error in errors:
        grouped.setdefault(error.status, []).append(error)
    return {status: _response(status, group) for status, group in sorted(grouped.items())}


def _response(status: int, errors: list[type[ProblemError]]) -> dict[str, Any]:
    examples = {
        error.slug: {"value": {"type": error.type_uri(), "title": error.title, "status": status}} for error in errors
    }
    return {
        "description": f"{HTTPStatus(status).phrase}: " + ", ".join(sorted({error.slug for error in errors})),
        "content": {
            PROBLEM_MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemDocument"}, "examples": examples}
        },
    }


def pointer_of(location: tuple[int | str, ...]) -> str:
    """Return pydantic's error location as a JSON pointer (RFC 6901 escapes included)."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in location)


def _field_errors(error: RequestValidationError) -> list[FieldError]:
    # Neither `input` nor `ctx` is passed on: a password that failed validation must not come back in the answer.
    return [_field_error(item["type"], item["loc"], item["msg"]) for item in error.errors()]


def _field_error(kind: str, location: tuple[int | str, ...], message: str) -> FieldError:
    # For unreadable JSON the second part of the location is an offset, not a field.
    location = location[:1] if kind == "json_invalid" else location
    return FieldError(pointer=pointer_of(location), detail=message.removeprefix("Value error, "))


def problem_from_http_exception(error: HTTPException) -> ProblemError:
    """Return the problem for an error that the framework raised; an unknown 4xx is a malformed request."""
    fallback = MalformedRequestError if error.status_code < HTTPStatus.INTERNAL_SERVER_ERROR else InternalError
    return _FRAMEWORK_ERRORS.get(error.status_code, fallback)()


def install_error_handlers(app: FastAPI) -> None:
    """Make every error of the application a problem document (unexpected ones: `services.common.boundary`)."""

    def respond(request: Request, error: ProblemError, headers: Mapping[str, str] | None = None) -> Response:
        request_id: str | None = request.scope.get("titanium.request_id")
        return render_problem(error, instance=request.url.path, request_id=request_id, headers=headers)

    async def on_problem(request: Request, error: Exception) -> Response:
        if not isinstance(error, ProblemError):
            raise TypeError(f"not a problem: {error!r}")
        return respond(request, error)

    async def on_http_exception(request: Request, error: Exception) -> Response:
        if not isinstance(error, HTTPException):
            raise TypeError(f"not an HTTP exception: {error!r}")
        return respond(request, problem_from_http_exception(error), error.headers)

    async def on_validation_error(request: Request, error: Exception) -> Response:
        if not isinstance(error, RequestValidationError):
            raise TypeError(f"not a validation error: {error!r}")
        return respond(request, ValidationFailedError(errors=_field_errors(error)))

    app.add_exception_handler(ProblemError, on_problem)
    app.add_exception_handler(HTTPException, on_http_exception)
    app.add_exception_handler(RequestValidationError, on_validation_error)
