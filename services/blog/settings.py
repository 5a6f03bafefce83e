"""Settings of the blog service, on top of what every stored service understands."""

from typing import ClassVar

from pydantic import Field

from services.common.settings import StoredServiceSettings


class BlogSettings(StoredServiceSettings):
    """The environment variable is the field's name in capitals."""

    service_name: ClassVar[str] = "blog"

    # An upper bound for staleness that only matters when a process dies between commit and invalidation.
    cache_ttl_s: int = Field(default=30, ge=1, le=300)
    # As long as clients retry a lost answer; Stripe and the IETF draft on Idempotency-Key both suggest a day.
    idempotency_retention_s: int = Field(default=86_400, ge=60, le=604_800)
