"""`titanium up`: start the platform, or repair it; return when its data is visible in Prometheus.

Contract: exit 0 when everything runs (nothing to do included); 2 when this machine is in the way (a port, the disk, a
program, an unusable DATABASE_URL), before anything was started; 3 when something did not get ready; what was started is
stopped again in both cases, and after Ctrl-C.
"""

import argparse
from time import monotonic

from workbench.console import out, step
from workbench.errors import EXIT_PASS
from workbench.platform import grafana
from workbench.platform.backends import Backends
from workbench.platform.instance import PUBLIC_HOST, Instance
from workbench.platform.lifecycle import Platform

NAME = "up"
HELP = "start the local platform: databases, services, mesh, Prometheus, Alertmanager, exporters"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--no-demo-data", action="store_true", help="leave the databases empty")


def run(args: argparse.Namespace) -> int:
    """Start what does not run, and print where everything is."""
    instance, started = Instance.from_environment(), monotonic()
    if Platform(instance, say=out.print).up(step, demo_data=not args.no_demo_data):
        out.print(f"The platform is up after {monotonic() - started:.1f} s.")
    else:
        out.print("The platform is up already: nothing to do.")
    out.print(addresses(instance))
    return EXIT_PASS


def addresses(instance: Instance) -> str:
    """Return where to look, one line each."""
    blog = f"curl -H 'Host: {PUBLIC_HOST}' {instance.ingress_url}/v1/posts"
    lines = {
        "blog": blog,
        "Prometheus": instance.prometheus_url,
        "Alertmanager": instance.alertmanager_url,
        "pages": f"{instance.pages_url}/d/overview, {instance.pages_url}/alerts",
        "logs": str(instance.logs),
    }
    backends = Backends.found(instance)
    if backends.loki is not None:
        lines["Loki"] = instance.loki_url
    if backends.jaeger is not None:
        lines["Jaeger"] = f"{instance.jaeger_url} (or: titanium trace REQUEST_ID)"
    if grafana.find() is not None:
        lines["Grafana"] = f"http://127.0.0.1:{instance.ports.grafana}"
    return "\n".join(f"  {name:<13} {where}" for name, where in lines.items())
