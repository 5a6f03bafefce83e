"""The metrics name every route of every service by its full template.

FastAPI >= 0.137 hides a router's prefix from middleware, so that textbook middleware merges `/v1/posts/{id}` and
`/v1/users/{id}` into `/{id}`. Each route is called here; what the middleware counts must be what OpenAPI shows.
"""

import re

import httpx
from fastapi import FastAPI

from services.common.telemetry.registry import REQUEST_DURATION


async def test_each_route_is_counted_under_the_path_that_openapi_shows(app: FastAPI) -> None:
    documented = {(method.upper(), path) for path, methods in app.openapi()["paths"].items() for method in methods}
    # No lifespan runs, so most calls end as 500 at the first resource: routed and counted is all that matters here.
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://service") as client:
        for method, path in sorted(documented):
            await client.request(method, re.sub(r"\{[^}]+\}", "value", path))

    counted = {
        (sample.labels["http_request_method"], sample.labels["http_route"])
        for family in app.state.metrics.request_duration.collect()
        for sample in family.samples
        if sample.name == f"{REQUEST_DURATION.name}_count"
    }
    assert documented
    assert counted == documented
