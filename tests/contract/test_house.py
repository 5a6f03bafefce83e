"""The house rules: the folders are the architecture, and no list in the documentation contradicts the code."""

import ast
import dataclasses
import importlib
import re
import subprocess
import sys
from pathlib import Path
from pkgutil import iter_modules

import pytest

from workbench import commands
from workbench.errors import EXIT_INTERRUPTED, CannotDecideError, UsageError
from workbench.platform.ports import WORKLOAD_BLOCKS, Ports

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("services", "slo", "dashboards", "alerts", "chaos", "workbench")
DOCS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
SOURCES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
SERVICES = ("api_gateway", "auth", "user", "blog")
# The same inside for each service; a file is missing only where a service has nothing to put into it.
INSIDE = {
    "app.py",
    "endpoints.py",
    "service.py",
    "repository.py",
    "models.py",
    "schemas.py",
    "settings.py",
    "errors.py",
}
WITHOUT = {"api_gateway": {"repository.py", "models.py", "schemas.py"}}
BOUNDARIES = {"workbench/__main__.py", "services/common/boundary.py"}
LONGEST_FILE, LONGEST_FUNCTION = 400, 80


def table(document: str, name: str) -> list[list[str]]:
    """The rows of the table between `<!-- list: name -->` and `<!-- end list -->`, without its heading."""
    text = (ROOT / document).read_text(encoding="utf-8")
    match = re.search(rf"<!-- list: {re.escape(name)} -->\n(.*?)<!-- end list -->", text, re.DOTALL)
    assert match, f"{document} has no list named {name!r}"
    lines = [line for line in match[1].splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def names(document: str, name: str) -> set[str]:
    return {row[0].strip("`") for row in table(document, name)}


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def folders(parent: Path) -> set[str]:
    return {path.parent.name for path in parent.glob("*/__init__.py")}


# docs/architecture.md: who may import whom.


def test_imports_only_go_in_the_documented_directions() -> None:
    result = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert "0 broken" in result.stdout


def test_every_package_of_the_house_is_under_the_import_contracts() -> None:
    pyproject = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    match = re.search(r"^root_packages = \[(.*)\]$", pyproject, re.MULTILINE)
    assert match
    assert set(re.findall(r'"(\w+)"', match[1])) == folders(ROOT) == set(PACKAGES)


# docs/architecture.md: the folders are the architecture.


def test_the_architecture_page_lists_exactly_the_packages() -> None:
    assert names("docs/architecture.md", "packages") == folders(ROOT)


def test_the_architecture_page_lists_exactly_the_parts_of_the_workbench() -> None:
    documented = {name.removeprefix("workbench/") for name in names("docs/architecture.md", "workbench")}
    assert documented == folders(ROOT / "workbench")


def test_the_architecture_page_lists_exactly_the_commands_with_their_help() -> None:
    modules = [importlib.import_module(f"workbench.commands.{one.name}") for one in iter_modules(commands.__path__)]
    documented = [(row[0].strip("`"), row[1]) for row in table("docs/architecture.md", "commands")]
    assert documented == sorted((module.NAME, module.HELP) for module in modules)


def test_the_contributing_page_lists_exactly_the_test_tiers() -> None:
    tiers = {f"tests/{path.name}" for path in (ROOT / "tests").iterdir() if any(path.rglob("test_*.py"))}
    assert names("CONTRIBUTING.md", "tiers") == tiers


@pytest.mark.parametrize("service", SERVICES)
def test_every_service_has_the_same_files_inside(service: str) -> None:
    present = {path.name for path in (ROOT / "services" / service).glob("*.py")}
    assert INSIDE - WITHOUT.get(service, set()) <= present


# Lists that the code knows, too.


def test_the_decision_index_lists_exactly_the_decisions() -> None:
    index = (ROOT / "docs/adr/README.md").read_text(encoding="utf-8")
    linked = re.findall(r"^\| (\d+) \| \[(.+)\]\((\d{4}-[a-z0-9-]+\.md)\) \|$", index, re.MULTILINE)
    assert [link for _, _, link in linked] == sorted(path.name for path in (ROOT / "docs/adr").glob("0*.md"))
    for number, title, link in linked:
        heading = (ROOT / "docs/adr" / link).read_text(encoding="utf-8").splitlines()[0]
        assert heading == f"# {number}. {title}"
        assert int(number) == int(link[:4])


def test_the_documented_exit_codes_are_those_of_the_error_classes() -> None:
    codes = {row[1]: int(row[0]) for row in table("docs/architecture.md", "exit-codes")}
    assert codes["usage or configuration"] == UsageError.exit_code
    assert codes["cannot decide"] == CannotDecideError.exit_code
    assert codes["interrupted, after cleaning up"] == EXIT_INTERRUPTED


def test_the_documented_ports_are_those_of_the_port_table() -> None:
    ports = Ports(0)
    own = {getattr(ports, name): name for name in vars(Ports) if isinstance(getattr(Ports, name), property)}
    blocks = {offset: name.partition("-v2")[0] for name, offset in WORKLOAD_BLOCKS.items()}
    documented = {int(offset): text.lower() for offset, text in table("docs/architecture.md", "ports")}
    assert documented.keys() == own.keys() | blocks.keys()
    for offset, name in (own | blocks).items():
        assert name.partition("_")[0] in documented[offset]


def test_the_documented_ports_of_a_workload_are_those_of_the_port_table() -> None:
    block = Ports(0).workload("api-gateway")
    first = WORKLOAD_BLOCKS["api-gateway"]
    offsets = {getattr(block, field.name) - first: field.name for field in dataclasses.fields(block)}
    documented = {int(row[0]): row[1].lower() for row in table("docs/architecture.md", "workload-ports")}
    assert documented.keys() == offsets.keys()
    words = {"app": "application"}
    assert all(words.get(name, name) in documented[offset] for offset, name in offsets.items())


@pytest.mark.parametrize("document", DOCS, ids=relative)
def test_every_command_in_the_documentation_exists(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    known = {module.name for module in iter_modules(commands.__path__)}
    planned = {"slo", "promote", "drill"} if document.name == "project-plan.md" else set()
    code = "\n".join(re.findall(r"```sh\n(.*?)```", text, re.DOTALL) + re.findall(r"`([^`\n]+)`", text))
    used = set(re.findall(r"\btitanium ([a-z][a-z-]*)", code))
    assert used <= known | planned
    targets = set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert set(re.findall(r"\bmake ([a-z][a-z-]*)", code)) <= targets


@pytest.mark.parametrize("document", DOCS, ids=relative)
def test_every_link_in_the_documentation_leads_somewhere(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    for link in re.findall(r"\]\((?!https?://|mailto:)([^)\s]+)\)", text):
        path, _, anchor = link.partition("#")
        target = (document.parent / path).resolve() if path else document
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


def anchors(document: Path) -> set[str]:
    """The anchors that a Markdown viewer makes from headings: lower case, punctuation dropped, spaces to hyphens."""
    headings = re.findall(r"^#+ (.+)$", document.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("tier", ["requirements.md", "performance.md", "architecture.md"])
def test_every_path_named_in_the_documentation_exists(tier: str) -> None:
    text = (ROOT / "docs" / tier).read_text(encoding="utf-8")
    paths = re.findall(r"`((?:tests|services|slo|chaos|workbench|k8s|docs)/[\w./-]+)`", text)
    assert [path for path in paths if not (ROOT / path).exists()] == []


# Yardsticks of CONTRIBUTING.md.


@pytest.mark.parametrize("source", SOURCES, ids=relative)
def test_a_source_file_keeps_to_the_yardsticks(source: Path) -> None:
    text = source.read_text(encoding="utf-8")
    tree = ast.parse(text)
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    too_long = [node.name for node in functions if (node.end_lineno or 0) - node.lineno >= LONGEST_FUNCTION]
    assert too_long == []
    assert len(text.splitlines()) <= LONGEST_FILE
    assert not re.search(r"\b(TODO|FIXME|XXX)\b", text)


def test_exceptions_are_caught_wholesale_only_in_the_two_boundaries() -> None:
    broad = {relative(path) for path in SOURCES if catches_everything(path)}
    assert broad <= BOUNDARIES


def catches_everything(path: Path) -> bool:
    """Whether a handler swallows whatever it is; one that ends by raising again only passes by."""
    handlers = (n for n in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(n, ast.ExceptHandler))
    return any(
        (handler.type is None or getattr(handler.type, "id", "") in {"Exception", "BaseException"})
        and not isinstance(handler.body[-1], ast.Raise)
        for handler in handlers
    )


def test_no_tracked_file_names_the_machine_it_was_written_on() -> None:
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    home = re.compile("|".join(("/" + "root/", "/" + "home/[a-z]", "/" + "work/")))
    texts = (
        ROOT / name for name in tracked.split("\0") if name.endswith((".py", ".md", ".yaml", ".toml", ".yml", ".sh"))
    )
    assert [relative(path) for path in texts if path.exists() and home.search(path.read_text(encoding="utf-8"))] == []
