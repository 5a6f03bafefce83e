"""What all tiers share."""

import signal


def pytest_configure() -> None:
    """Take Ctrl-C back: a shell ignores it for what it runs in the background, and every child would inherit that."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
