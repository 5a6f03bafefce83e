"""What a supervised process is: a command, its environment, and how it is told to stop."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Program:
    """One process of the platform.

    `port` is where it can be seen to work (0: nowhere); `stop_wait_s` is how long it may take to stop by itself.
    """

    name: str
    argv: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    port: int = 0
    stop_signal: str = "TERM"
    stop_wait_s: int = 10
