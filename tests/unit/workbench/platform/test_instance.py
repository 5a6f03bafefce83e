"""Which platform is meant, and where its things are."""

from pathlib import Path

import pytest

from workbench.errors import UsageError
from workbench.platform.instance import CHECKOUT, Instance
from workbench.platform.ports import PORTS_PER_INSTANCE, WORKLOAD_BLOCKS, Ports


def test_without_variables_the_state_is_in_the_checkout() -> None:
    instance = Instance.from_environment({})
    assert (instance.state, instance.port_base) == (CHECKOUT / ".titanium", 21000)


def test_variables_choose_another_state_and_other_ports() -> None:
    instance = Instance.from_environment({"TITANIUM_STATE": "/var/x", "TITANIUM_PORT_BASE": "22000"})
    assert instance.state == Path("/var/x")
    assert instance.ingress_url == "http://127.0.0.1:22000"
    assert instance.prometheus_url.endswith(":22001")
    assert instance.alertmanager_url.endswith(":22002")


@pytest.mark.parametrize("value", ["abc", "-1", "80", "1023", "32700", "99999", "21.5", "²"])
def test_a_port_base_that_cannot_work_is_refused_with_the_bounds(value: str) -> None:
    with pytest.raises(UsageError, match="TITANIUM_PORT_BASE") as refused:
        Instance.from_environment({"TITANIUM_PORT_BASE": value})
    assert "1024" in refused.value.hint


def test_a_long_state_path_gets_a_short_socket_that_is_its_own() -> None:
    short = Instance(CHECKOUT, Path("/s"), 21000)
    long = Instance(CHECKOUT, Path("/s" * 60), 21000)
    other = Instance(CHECKOUT, Path("/t" * 60), 21000)
    assert short.supervisor_socket == Path("/s/run/supervisor.sock")
    assert len(str(long.supervisor_socket)) < 100
    assert long.supervisor_socket != other.supervisor_socket


def test_no_two_servers_of_an_instance_share_a_port() -> None:
    ports = Ports(21000)
    own = [getattr(ports, name) for name in vars(Ports) if isinstance(getattr(Ports, name), property)]
    blocks = [port for name in WORKLOAD_BLOCKS for port in vars(ports.workload(name)).values()]
    every = own + blocks
    assert len(set(every)) == len(every)
    assert all(21000 <= port < 21000 + PORTS_PER_INSTANCE for port in every)
