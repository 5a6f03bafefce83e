"""Which platform a command speaks about: the checkout, the folder of its state and its ports.

Two instances on one machine differ in `TITANIUM_PORT_BASE` (and, from one checkout, in `TITANIUM_STATE`).
"""

import hashlib
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from workbench.errors import UsageError
from workbench.platform.ports import DEFAULT_PORT_BASE, PORTS_PER_INSTANCE, Ports

CHECKOUT: Final = Path(__file__).resolve().parents[2]
# The host that the ingress answers for, under whatever address it is reached (k8s/istio/gateway.yaml).
PUBLIC_HOST: Final = "blog.titanium.example"
STATE_VARIABLE: Final = "TITANIUM_STATE"
PORT_BASE_VARIABLE: Final = "TITANIUM_PORT_BASE"
_LOWEST_PORT: Final = 1024
# Linux hands out ephemeral ports from 32768 on: a server there would now and then find its port taken.
_HIGHEST_PORT: Final = 32768 - PORTS_PER_INSTANCE
# Linux allows 107 bytes; supervisord binds to a name that is longer by a dot and its process id.
_LONGEST_SOCKET_PATH: Final = 95


@dataclass(frozen=True)
class Instance:
    """One local platform."""

    checkout: Path
    state: Path
    port_base: int

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Self:
        """Read `TITANIUM_STATE` and `TITANIUM_PORT_BASE`.

        Raises:
            UsageError: the port base is no number, or would collide with privileged or ephemeral ports.
        """
        state = Path(environment.get(STATE_VARIABLE) or CHECKOUT / ".titanium").absolute()
        return cls(CHECKOUT, state, _port_base(environment.get(PORT_BASE_VARIABLE, "")))

    @property
    def ports(self) -> Ports:
        return Ports(self.port_base)

    @property
    def logs(self) -> Path:
        return self.state / "logs"

    @property
    def run(self) -> Path:
        """Sockets, pids, locks: what must not outlive the processes."""
        return self.state / "run"

    @property
    def supervisor_socket(self) -> Path:
        """Where supervisord listens: below the state folder, or in /tmp when that path is too long for a socket."""
        here = self.run / "supervisor.sock"
        if len(os.fsencode(here)) <= _LONGEST_SOCKET_PATH:
            return here
        name = hashlib.sha256(os.fsencode(self.state)).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"titanium-{os.getuid()}-{name}.sock"

    @property
    def secrets(self) -> Path:
        return self.state / "secrets"

    @property
    def components(self) -> Path:
        """Programs that were downloaded and unpacked, not installed."""
        return self.state / "components"

    @property
    def bin(self) -> Path:
        """Programs that were built here: the optional components."""
        return self.state / "bin"

    @property
    def restarts(self) -> Path:
        """The file in which restarts are counted, for as long as the supervisor lives."""
        return self.run / "restarts.json"

    @property
    def mesh(self) -> Path:
        return self.state / "mesh"

    @property
    def evidence(self) -> Path:
        return self.state / "evidence"

    @property
    def published(self) -> Path:
        """Metrics of commands as text files, which the node exporter offers to Prometheus."""
        return self.state / "published"

    @property
    def notifications(self) -> Path:
        """What Alertmanager told the local receiver, one notification a line."""
        return self.state / "alertmanager" / "notifications.jsonl"

    @property
    def pages_url(self) -> str:
        return f"http://127.0.0.1:{self.ports.pages}"

    @property
    def ingress_url(self) -> str:
        return f"http://127.0.0.1:{self.ports.ingress}"

    @property
    def prometheus_url(self) -> str:
        return f"http://127.0.0.1:{self.ports.prometheus}"

    @property
    def loki_url(self) -> str:
        return f"http://127.0.0.1:{self.ports.loki}"

    @property
    def jaeger_url(self) -> str:
        """Jaeger's API."""
        return f"http://127.0.0.1:{self.ports.jaeger}"

    @property
    def otlp_url(self) -> str:
        """Where spans are sent: OTLP over HTTP."""
        return f"http://127.0.0.1:{self.ports.jaeger_otlp}"

    @property
    def alertmanager_url(self) -> str:
        return f"http://127.0.0.1:{self.ports.alertmanager}"


def _port_base(value: str) -> int:
    if not value:
        return DEFAULT_PORT_BASE
    hint = f"set it to a number from {_LOWEST_PORT} to {_HIGHEST_PORT}, or unset it (default {DEFAULT_PORT_BASE})"
    if not (value.isascii() and value.isdigit()):
        raise UsageError(f"{PORT_BASE_VARIABLE}={value!r} is not a number", hint=hint)
    if not _LOWEST_PORT <= int(value) <= _HIGHEST_PORT:
        raise UsageError(f"{PORT_BASE_VARIABLE}={value} is out of range", hint=hint)
    return int(value)
