"""What a supervised process is: a command, its environment, how it is seen to work, and how it is told to stop."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Program:
    """One process of the platform.

    It works when `ready_url` answers 200, or, without one, when `port` accepts connections (0: nothing to see, running
    is enough). `directory` is where it runs ("": in the checkout), `stop_wait_s` is how long it may take to stop.
    """

    name: str
    argv: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    port: int = 0
    ready_url: str = ""
    directory: str = ""
    stop_signal: str = "TERM"
    stop_wait_s: int = 10
