"""The gateway's endpoints, made from the table: one FastAPI route per operation, and one per path for other methods."""

import re
from collections.abc import Callable, Coroutine, Iterable
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.routing import APIRoute
from fastapi.security import HTTPBearer

from services.api_gateway.routes import Route
from services.common.errors import MethodNotAllowedError, error_responses

if TYPE_CHECKING:
    from services.api_gateway.service import Gateway

Handler = Callable[[Request], Coroutine[Any, Any, Response]]

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"})
_BEARER = Depends(HTTPBearer(auto_error=False, bearerFormat="JWT", description="Access token of POST /v1/auth/login"))
_PARAMETER = re.compile(r"{(\w+)}")


class HandlerRoute(APIRoute):
    """A documented route whose endpoint gets the request as it is.

    FastAPI's own handler resolves dependencies and validates; there is nothing to resolve or validate in a proxy.
    """

    def get_route_handler(self) -> Handler:
        handler: Handler = self.endpoint
        return handler


def build_router(routes: Iterable[Route]) -> APIRouter:
    """Return the router of a table."""
    table = tuple(routes)
    router = APIRouter(route_class=HandlerRoute)
    for route in table:
        router.add_api_route(
            route.path,
            _forwarding(route),
            methods=[route.method],
            summary=route.summary,
            operation_id=f"{route.method} {route.path}",
            tags=[route.upstream.value],
            status_code=route.success,
            response_class=Response if route.success == 204 else JsonFromUpstream,  # noqa: PLR2004 - no content
            responses=error_responses(*route.errors),
            dependencies=[_BEARER] if route.authenticated else [],
            openapi_extra=_documentation(route),
        )
    # Below the operations, so that a method that the table knows is never taken for a wrong one.
    for path in dict.fromkeys(route.path for route in table):
        known = {route.method for route in table if route.path == path}
        router.add_api_route(path, _refusing(known), methods=sorted(_METHODS - known), include_in_schema=False)
    return router


class JsonFromUpstream(Response):
    """The encoded answer of a service."""

    media_type = "application/json"


def _forwarding(route: Route) -> Handler:
    async def forward(request: Request) -> Response:
        gateway: Gateway = request.app.state.gateway
        return await gateway.forward(route, request)

    return forward


def _refusing(known: set[str]) -> Handler:
    async def refuse(_request: Request) -> Response:
        raise WrongMethodError(known)

    return refuse


class WrongMethodError(MethodNotAllowedError):
    """The path knows other methods; `Allow` names them (RFC 9110, 15.5.6)."""

    def __init__(self, known: set[str]) -> None:
        self._allow = ", ".join(sorted(known))
        super().__init__(f"Allowed here: {self._allow}.")

    @property
    def headers(self) -> dict[str, str]:
        return {**super().headers, "allow": self._allow}


def _documentation(route: Route) -> dict[str, Any]:
    extra: dict[str, Any] = {}
    names = _PARAMETER.findall(route.path)
    if names:
        extra["parameters"] = [
            {"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names
        ]
    if route.body_limit_bytes:
        extra["requestBody"] = {
            "required": True,
            "description": f"JSON, up to {route.body_limit_bytes} bytes, as the {route.upstream} service documents it.",
            "content": {"application/json": {"schema": {"type": "object"}}},
        }
    return extra
