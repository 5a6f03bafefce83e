"""A blog application on a migrated database and a Valkey of its own, and a client that is allowed to write."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import event

from services.blog.app import create_app
from services.blog.settings import BlogSettings
from tests.integration.conftest import OpenApp, TokenSigner


@dataclass
class User:
    """Somebody with a valid token."""

    handle: str
    account_id: UUID
    headers: dict[str, str]


@dataclass
class Blog:
    """The running application with what tests want to see of it."""

    app: FastAPI
    client: httpx.AsyncClient
    user: User
    other: User
    statements: list[str] = field(default_factory=list)

    def reads(self, table: str = "FROM posts") -> int:
        """How many SELECTs of posts or tags the database has seen."""
        return sum(table in statement and "FOR UPDATE" not in statement for statement in self.statements)

    async def publish(self, title: str = "A title", **fields: object) -> dict[str, Any]:
        body = {"title": title, "body": "Some text.", "tags": ["python"], **fields}
        response = await self.client.post("/v1/posts", json=body, headers=self.user.headers)
        assert response.status_code == 201, response.text
        post: dict[str, Any] = response.json()
        return post

    async def titles(self, query: str = "") -> list[str]:
        response = await self.client.get(f"/v1/posts{query}")
        assert response.status_code == 200, response.text
        return [item["title"] for item in response.json()["items"]]

    def cache_results(self) -> dict[str, float]:
        """`cache_requests_total` summed over the caches, by result."""
        found: dict[str, float] = {}
        for metric in self.app.state.metrics.registry.collect():
            for sample in metric.samples:
                if sample.name == "cache_requests_total":
                    found[sample.labels["result"]] = found.get(sample.labels["result"], 0) + sample.value
        return found


@pytest.fixture
def blog_url(database_url: str, migrated: Callable[[str, str], None]) -> str:
    """URL of a database with the blog's newest schema."""
    migrated("services.blog", database_url)
    return database_url


@pytest.fixture
def settings(blog_url: str, redis_url: str, signer: TokenSigner) -> BlogSettings:
    return BlogSettings.model_validate(
        {
            "database_url": blog_url,
            "redis_url": redis_url,
            # A machine that is busy with other things must not make the cache look broken.
            "redis_timeout_s": 1,
            "token_jwks_file": signer.jwks_file,
        }
    )


@pytest.fixture
async def blog(settings: BlogSettings, signer: TokenSigner, open_app: OpenApp) -> AsyncIterator[Blog]:
    app = create_app(settings)
    ada, bela = uuid4(), uuid4()
    async with open_app(app) as client:
        running = Blog(
            app,
            client,
            User("ada", ada, signer.headers("ada", ada)),
            User("bela", bela, signer.headers("bela", bela)),
        )

        def record(_conn: object, _cursor: object, statement: str, *_rest: object) -> None:
            running.statements.append(" ".join(statement.split()))

        event.listen(app.state.resources.database.engine.sync_engine, "before_cursor_execute", record)
        yield running
