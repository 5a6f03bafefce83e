"""`python -m services.common.server MODULE:FACTORY`: one process that serves an application and its management port.

Both run in one event loop (uvloop, httptools). On SIGTERM: not ready → wait until load balancers have noticed (answers
say `connection: close` meanwhile) → close the port → let running requests finish → flush telemetry (at most 2 s) →
exit 0. What is wrong with the environment, or a port that is in use, is one line on stderr and exit code 2.
"""

import argparse
import asyncio
import importlib
import logging
import signal
import socket
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import uvicorn
import uvloop
from fastapi import FastAPI
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.common.health import Health
from services.common.management import create_management_app
from services.common.settings import ServiceSettings, SettingsError
from services.common.telemetry.logs import configure_logging
from services.common.telemetry.loki import ship_logs_to_loki
from services.common.telemetry.tracing import stop_tracing

EXIT_CONFIGURATION = 2

_logger = logging.getLogger(__name__)
# Longer than the mesh's idle timeout (DestinationRule idleTimeout 30 s): the proxy closes first, never into a request.
_KEEP_ALIVE_S = 75
_BACKLOG = 2048
# Threads that encode spans and log lines give the interpreter back to requests after this time; Python's own 5 ms is
# what a request would lose at every step.
_SWITCH_INTERVAL_S = 0.0005


class PortInUseError(Exception):
    """An address that the service should listen on cannot be bound."""


class _Server(uvicorn.Server):
    """uvicorn without its signal handlers: the order of shutdown is ours."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class ConnectionRetirement:
    """Ask clients not to reuse their connection once the process is stopping, so that none is cut under a request."""

    def __init__(self, app: ASGIApp, health: Health) -> None:
        self._app = app
        self._health = health

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def retire(message: Message) -> None:
            if self._health.stopping and message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), (b"connection", b"close")]
            await send(message)

        await self._app(scope, receive, retire if scope["type"] == "http" else send)


def bind(host: str, port: int, variable: str) -> socket.socket:
    """Return a listening socket.

    Raises:
        PortInUseError: the address is taken or not ours; the message names the variable to change.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise PortInUseError(f"cannot listen on {host}:{port} ({error.strerror}); set {variable}") from error
    listener.listen(_BACKLOG)
    listener.setblocking(False)
    return listener


def load_factory(target: str) -> Callable[[], FastAPI]:
    """Return the application factory named `module:function`.

    Raises:
        SettingsError: there is no such module or function.
    """
    module_name, _, function_name = target.partition(":")
    try:
        factory: Callable[[], FastAPI] = getattr(importlib.import_module(module_name), function_name)
    except (ModuleNotFoundError, AttributeError, ValueError) as error:
        raise SettingsError(f"{target!r} is not MODULE:FACTORY of an application ({error})") from error
    return factory


def uvicorn_config(app: ASGIApp, *, lifespan: bool, drain_s: float) -> uvicorn.Config:
    """Return how an application is served; `drain_s` is how long requests under way may take to end."""
    return uvicorn.Config(
        app,
        http="httptools",
        ws="none",
        lifespan="on" if lifespan else "off",
        log_config=None,
        access_log=False,
        timeout_keep_alive=_KEEP_ALIVE_S,
        timeout_graceful_shutdown=max(1, round(drain_s)),
        server_header=False,
        # Every connection is the sidecar's, from loopback: its headers are not to be believed about who the client is.
        proxy_headers=False,
        h11_max_incomplete_event_size=None,
    )


async def serve(app: FastAPI, settings: ServiceSettings) -> None:
    """Serve until SIGTERM or SIGINT, then stop in order; returns when everything is flushed."""
    listener = bind(settings.http_host, settings.http_port, "HTTP_PORT")
    management_listener = bind(settings.management_host, settings.management_port, "MANAGEMENT_PORT")
    health: Health = app.state.health
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for signal_number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(signal_number, stop.set)

    main = _Server(uvicorn_config(ConnectionRetirement(app, health), lifespan=True, drain_s=settings.shutdown_drain_s))
    management = _Server(
        uvicorn_config(create_management_app(health, app.state.metrics.registry), lifespan=False, drain_s=1)
    )
    main_task = asyncio.create_task(main.serve(sockets=[listener]))
    management_task = asyncio.create_task(management.serve(sockets=[management_listener]))
    stopped = asyncio.create_task(stop.wait())
    await asyncio.wait({main_task, management_task, stopped}, return_when=asyncio.FIRST_COMPLETED)
    health.stop()
    if stopped.done():
        _logger.info("stopping: not ready from now on")
        await asyncio.sleep(settings.shutdown_wait_s)
    stopped.cancel()
    main.should_exit = True
    await asyncio.wait({main_task})
    management.should_exit = True
    await asyncio.gather(main_task, management_task)


def run(target: str) -> int:
    """Serve the application and return the process's exit code."""
    try:
        app = load_factory(target)()
        settings: ServiceSettings = app.state.settings
        configure_logging(service=settings.service_name, version=settings.service_version, level=settings.log_level)
        with ship_logs_to_loki(settings, app.state.metrics):
            try:
                uvloop.run(serve(app, settings))
            finally:
                stop_tracing(settings.telemetry_flush_s)
    except (SettingsError, PortInUseError) as error:
        sys.stderr.write(f"error: {error}\n")
        return EXIT_CONFIGURATION
    return 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code."""
    sys.setswitchinterval(_SWITCH_INTERVAL_S)
    parser = argparse.ArgumentParser(prog="python -m services.common.server", description=run.__doc__)
    parser.add_argument("target", metavar="MODULE:FACTORY", help="for example services.user.app:create_app")
    return run(parser.parse_args(arguments).target)


if __name__ == "__main__":
    sys.exit(main())
