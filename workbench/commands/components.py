"""`titanium components [--fetch]`, `titanium components build [NAME …]`: where each server's program comes from.

Contract: the list exits with 0 when all that is needed is there, 1 when something needed is missing (optional
components may be); with `--fetch` 2 when one cannot be obtained. `build` exits with 0 when the programs are there, 2
when one cannot be built; without names it builds all optional components. What is built already is not built again.
"""

import argparse

from workbench.console import out, step
from workbench.errors import EXIT_BREACH, EXIT_PASS
from workbench.platform import components, optional
from workbench.platform.go_builds import Workshop
from workbench.platform.instance import Instance

NAME = "components"
HELP = "show where the servers' programs come from; --fetch obtains missing ones, build makes the optional ones"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--fetch", action="store_true", help="obtain what is missing, without installing anything")
    build = parser.add_subparsers(dest="action", metavar="ACTION").add_parser(
        "build", help="build optional components as pinned Go modules; a few minutes each, once"
    )
    names = [component.name for component in optional.COMPONENTS]
    build.add_argument("names", nargs="*", metavar="NAME", help=f"{', '.join(names)} (all)", default=names)


def run(args: argparse.Namespace) -> int:
    """List the programs, or build."""
    instance = Instance.from_environment()
    if args.action == "build":
        return _build(instance, [optional.by_name(name) for name in args.names])
    return _list(instance, fetch=args.fetch)


def _build(instance: Instance, wanted: list[optional.Component]) -> int:
    workshop = Workshop(instance.bin, instance.components)
    for component in wanted:
        title = f"build {component.name} {workshop.version(component)}"
        if workshop.is_built(component):
            out.print(f"{title}: built already, nothing to do")
            continue
        with step(title) as say:
            workshop.build(component, say)
    for component in wanted:
        out.print(f"{component.name:<17} {instance.bin / component.programs[0]}")
    return EXIT_PASS


def _list(instance: Instance, *, fetch: bool) -> int:
    folder = instance.components
    wheels = {
        "envoy": components.envoy_path(),
        "postgres": components.postgres_tool("postgres"),
        "valkey": components.valkey_path(),
    }
    for name, path in wheels.items():
        out.print(f"{name:<17} {path}")
    missing = False
    for program in components.DEBIAN_PROGRAMS:
        found = components.obtain(program, folder) if fetch else components.find(program, folder)
        out.print(f"{program.name:<17} {found or 'missing (titanium components --fetch)'}")
        missing = missing or found is None
    for component in optional.SERVERS:
        place = optional.find(component, instance.bin)
        out.print(f"{component.name:<17} {place or f'optional, not there ({component.way})'}")
    return EXIT_BREACH if missing else EXIT_PASS
