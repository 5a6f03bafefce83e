"""Settings of the user service, on top of what every stored service understands."""

from typing import ClassVar

from pydantic import Field

from services.common.settings import StoredServiceSettings


class UserSettings(StoredServiceSettings):
    """The environment variable is the field's name in capitals."""

    service_name: ClassVar[str] = "user"

    # An upper bound for staleness: a process dies between commit and invalidation, or another replica's Redis fails.
    cache_ttl_s: int = Field(default=30, ge=1, le=300)
