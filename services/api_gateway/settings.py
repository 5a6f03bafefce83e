"""Settings of the gateway, on top of what every service understands."""

from typing import ClassVar

from pydantic import Field

from services.common.settings import ServiceSettings


class GatewaySettings(ServiceSettings):
    """The environment variable is the field's name in capitals."""

    service_name: ClassVar[str] = "api-gateway"

    trust_timeout_budget: bool = False

    # Per caller (account, else client address). Generous, because a load test or an office is one address; they stop
    # runaway clients, not users. The burst is what may come at once after a pause.
    rate_read_per_s: float = Field(default=2000, gt=0, le=100_000)
    rate_read_burst: int = Field(default=4000, ge=1, le=100_000)
    rate_write_per_s: float = Field(default=500, gt=0, le=100_000)
    rate_write_burst: int = Field(default=1000, ge=1, le=100_000)
    # Logins and registrations cost 40 ms of CPU each; the auth service sheds what exceeds its own capacity.
    rate_credentials_per_s: float = Field(default=50, gt=0, le=100_000)
    rate_credentials_burst: int = Field(default=200, ge=1, le=100_000)

    # How many proxies of ours add to X-Forwarded-For: 1 = the ingress. 0 = clients connect to the gateway itself.
    trusted_proxies: int = Field(default=1, ge=0, le=5)

    # nginx's and AWS ALB's order of magnitude; Envoy allows 60 KiB and 100 headers.
    header_limit_bytes: int = Field(default=16_384, ge=1024, le=61_440)
    header_limit_count: int = Field(default=80, ge=10, le=100)
