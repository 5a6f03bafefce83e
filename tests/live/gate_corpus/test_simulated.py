"""The gate on builds of which it is known what they are: no bad one passes, every good one does.

`make gate-corpus` runs this and writes what came of it into docs/gate.md. The judging is that of `titanium verify`, the
Prometheus a real one; only the requests and the scrapes are simulated.
"""

import pytest

from tests.live.gate_corpus import page
from tests.live.gate_corpus.builds import BAD, BUILDS, FAMILIES, GOOD, Build
from tests.live.gate_corpus.trial import Outcome, judge_all
from tests.live.gate_corpus.world import two_digits
from workbench.domain.verdict import Verdict

pytestmark = [pytest.mark.gate_corpus, pytest.mark.timeout(600)]
LEAST = 30


def of(expected: str) -> list[Build]:
    return [build for build in BUILDS if build.expected == expected]


def by_name(build: Build) -> str:
    return build.name


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Outcome]:
    return judge_all(tmp_path_factory.mktemp("corpus"))


@pytest.mark.parametrize("build", of(BAD), ids=by_name)
def test_a_bad_build_does_not_pass(outcomes: dict[str, Outcome], build: Build) -> None:
    assert outcomes[build.name].verdict is not Verdict.PASS


@pytest.mark.parametrize("build", of(GOOD), ids=by_name)
def test_a_good_build_passes_within_three_looks(outcomes: dict[str, Outcome], build: Build) -> None:
    assert outcomes[build.name].verdict is Verdict.PASS, outcomes[build.name].why


@pytest.mark.parametrize("expected", [BAD, GOOD])
def test_the_table_has_enough_builds_of_every_family(expected: str) -> None:
    assert len(of(expected)) >= LEAST
    assert {build.family for build in of(expected)} == set(FAMILIES[expected])


def test_no_two_builds_share_a_name() -> None:
    assert len({build.name for build in BUILDS}) == len(BUILDS)


def test_a_breach_that_the_telemetry_shows_is_found_and_not_only_left_open(outcomes: dict[str, Outcome]) -> None:
    shown = [one for one in outcomes.values() if one.expected == BAD and one.judgement.trusted]

    assert sum(one.verdict is Verdict.FAIL for one in shown) > 0.9 * len(shown)


def test_durations_are_kept_as_envoy_keeps_them() -> None:
    assert [two_digits(ms) for ms in (0, 7, 42, 100, 505, 509, 510, 1234)] == [0, 7, 42, 100, 500, 500, 510, 1200]


def test_the_page_says_what_came_of_it(outcomes: dict[str, Outcome]) -> None:
    page.write(page.SIMULATED, outcomes.values())

    print("\n".join(page.matrix(outcomes.values())))
    assert all(one.right for one in outcomes.values())
