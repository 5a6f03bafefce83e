"""SLO files: what is read from good ones, and the one clear error of each bad one."""

from pathlib import Path

import pytest

from slo.criterion import load_criteria, release_criteria
from slo.errors import MalformedError, SloError, UnsupportedError
from slo.openslo import Slo
from slo.reader import read

OBJECTIVES = Path(__file__).parents[3] / "slo" / "objectives"

SLO = """\
apiVersion: openslo/v1
kind: SLO
metadata: { name: answers }
spec:
  service: blog
  budgetingMethod: Occurrences
  timeWindow: [{ duration: 30d, isRolling: true }]
  indicator:
    metadata: { name: answers }
    spec:
      ratioMetric:
        counter: true
        bad: { metricSource: { type: Prometheus, spec: { query: 'requests_total{code="500"}' } } }
        total: { metricSource: { type: Prometheus, spec: { query: 'requests_total' } } }
  objectives: [{ target: 0.99 }]
"""


def write(folder: Path, text: str, name: str = "slo.yaml") -> Path:
    file = folder / name
    file.write_text(text, encoding="utf-8")
    return file


def test_the_platforms_objectives_are_read() -> None:
    by_name = {one.name: one for one in release_criteria([OBJECTIVES])}

    assert set(by_name) == {"gateway-availability", "gateway-latency"}
    assert by_name["gateway-availability"].objective == "0.995"
    assert by_name["gateway-availability"].threshold_ms is None
    assert by_name["gateway-latency"].target == 0.95
    assert by_name["gateway-latency"].threshold_ms == 500.0
    assert by_name["gateway-latency"].numerator_is_good


def test_an_objective_keeps_its_digits_and_its_files_digest(tmp_path: Path) -> None:
    (one,) = load_criteria([write(tmp_path, SLO)])

    assert (one.name, one.objective, one.total.text) == ("answers", "0.99", "requests_total")
    assert not one.numerator_is_good
    assert len(one.sha256) == 64


def test_several_objectives_are_several_criteria(tmp_path: Path) -> None:
    text = SLO.replace("[{ target: 0.99 }]", "[{ target: 0.99 }, { target: 0.5 }]")

    assert [one.name for one in load_criteria([write(tmp_path, text)])] == ["answers-0.99", "answers-0.5"]


def test_a_target_in_per_cent_is_the_same_promise(tmp_path: Path) -> None:
    (one,) = load_criteria([write(tmp_path, SLO.replace("target: 0.99", "targetPercent: 99.5"))])

    assert (one.objective, one.target) == ("0.995", 0.995)


def test_a_data_source_says_what_its_references_are(tmp_path: Path) -> None:
    source = "apiVersion: openslo/v1\nkind: DataSource\nmetadata: { name: here }\nspec: { type: Prometheus }\n---\n"
    text = SLO.replace("{ type: Prometheus,", "{ metricSourceRef: here,")

    assert len(load_criteria([write(tmp_path, source + text)])) == 1


def test_a_calendar_begins_at_the_time_that_is_written(tmp_path: Path) -> None:
    calendar = "calendar: { startTime: 2022-01-01 12:00:00, timeZone: Europe/Berlin }"
    file = write(tmp_path, SLO.replace("isRolling: true", calendar))

    (found,) = read([file])

    assert isinstance(found.document, Slo)
    window = found.document.spec.time_window[0]
    assert window.calendar is not None
    assert window.calendar.start_time == "2022-01-01 12:00:00"


def test_a_shared_indicator_is_found_in_another_file(tmp_path: Path) -> None:
    indicator = SLO[SLO.index("      ratioMetric") : SLO.index("  objectives")]
    shared = "apiVersion: openslo/v1\nkind: SLI\nmetadata: { name: shared }\nspec:\n" + indicator
    begin, end = SLO.index("  indicator:"), SLO.index("  objectives")
    write(tmp_path, SLO[:begin] + "  indicatorRef: shared\n" + SLO[end:])
    write(tmp_path, shared, "sli.yaml")

    assert [one.name for one in load_criteria([tmp_path])] == ["answers"]


def test_a_mistake_in_a_shared_indicator_is_named_where_it_is_written(tmp_path: Path) -> None:
    begin, end = SLO.index("  indicator:"), SLO.index("  objectives")
    indicator = SLO[SLO.index("      ratioMetric") : end].replace("'requests_total' }", "'requests_total{' }")
    write(tmp_path, SLO[:begin] + "  indicatorRef: shared\n" + SLO[end:])
    write(tmp_path, "apiVersion: openslo/v1\nkind: SLI\nmetadata: { name: shared }\nspec:\n" + indicator, "sli.yaml")

    with pytest.raises(MalformedError, match=r"sli\.yaml:8: SLI shared: spec\.ratioMetric\.total\..*query: "):
        load_criteria([tmp_path])


def test_a_service_is_one_of_those_that_the_files_describe(tmp_path: Path) -> None:
    service = "apiVersion: openslo/v1\nkind: Service\nmetadata: {{ name: {} }}\n---\n"

    assert len(load_criteria([write(tmp_path, service.format("blog") + SLO)])) == 1
    with pytest.raises(MalformedError, match=r"slo\.yaml:9: .*spec\.service: 'blog' is no Service of .* \(blogs\)"):
        load_criteria([write(tmp_path, service.format("blogs") + SLO)])


_BEGIN, _END = SLO.index("  indicator:"), SLO.index("  objectives")
_CALENDAR = "calendar: { startTime: 2022-01-01 12:00:00, timeZone: UTC }"
_GOOD = "        good: { metricSource: { spec: {} } }\n        bad:"

BAD = {
    "unknown field": (
        SLO.replace("  service: blog", "  service: blog\n  sevrice: x"),
        r"slo.yaml:6: .*spec.sevrice: OpenSLO v1 has no",
    ),
    "target 1": (SLO.replace("0.99", "1.0"), r"slo.yaml:15: .*target: must lie between 0 and 1.*1\.0"),
    "target 0": (SLO.replace("0.99", "0"), r"target: must lie between 0 and 1"),
    "target no word": (SLO.replace("0.99", "much"), r"target: must be a number, without quotes \(is 'much'\)"),
    "target in quotes": (SLO.replace("0.99", "'0.99'"), r"target: must be a number, without quotes \(is '0\.99'\)"),
    "target NaN": (SLO.replace("0.99", ".nan"), r"target: must be a number"),
    "two targets": (SLO.replace("target: 0.99", "target: 0.99, targetPercent: 99"), r"one of target and targetPercent"),
    "target 100 %": (SLO.replace("target: 0.99", "targetPercent: 100"), r"targetPercent: must lie between 0 and 100"),
    "rolling calendar": (SLO.replace("isRolling: true", "isRolling: false"), r"timeWindow.0: a window either rolls"),
    "kind is a list": (SLO.replace("kind: SLO", "kind: [SLO]"), r"kind \['SLO'\] is not one of"),
    "dangling source": (SLO.replace("{ type: Prometheus,", "{ metricSourceRef: gone,"), r"'gone' is no DataSource"),
    "target no number": (SLO.replace("0.99", "true"), r"target: must be a number"),
    "unknown zone": (SLO.replace("isRolling: true", _CALENDAR.replace("UTC", "Mars/One")), r"timeZone: .*'Mars/One'"),
    "no start time": (
        SLO.replace("isRolling: true", _CALENDAR.replace("12:00:00", "noon")),
        r"startTime: must be a date",
    ),
    "truth in words": (SLO.replace("counter: true", "counter: yes"), r"slo.yaml:12: .*counter: .*boolean.*'yes'"),
    "a novel": (SLO.replace("spec:\n  service", f"spec:\n  description: {'x' * 1051}\n  service"), r"spec.description"),
    "no service": (SLO.replace("service: blog", "service: ''"), r"slo.yaml:5: .*spec.service"),
    "one promise twice": (SLO.replace("0.99 }", "0.99 }, { targetPercent: 99 }"), r"2 objectives promise 0\.99"),
    "window in other digits": (SLO.replace("30d", "3\u0660d"), "timeWindow.0.duration.*3\u0660d"),
    "window 0": (SLO.replace("30d", "0d"), r"timeWindow.0.duration.*0d"),
    "no objectives": (SLO.replace("[{ target: 0.99 }]", "[]"), r"spec.objectives"),
    "method": (SLO.replace("Occurrences", "Guessing"), r"spec.budgetingMethod.*Guessing"),
    "kind": (SLO.replace("kind: SLO", "kind: Wish"), r"kind 'Wish' is not one of"),
    "version": (SLO.replace("openslo/v1", "openslo/v2"), r"apiVersion.*openslo/v2"),
    "good and bad": (SLO.replace("        bad:", _GOOD), r"one of good and bad"),
    "no indicator": (SLO[:_BEGIN] + SLO[_END:], r"neither indicator nor indicatorRef"),
    "dangling reference": (SLO[:_BEGIN] + "  indicatorRef: gone\n" + SLO[_END:], r"'gone' is no SLI"),
    "no PromQL": (
        SLO.replace("'requests_total' }", "'requests_total{' }"),
        r"slo.yaml:14: .*ratioMetric.total.metricSource.spec.query: .*requests_total\{",
    ),
    "no metric": (SLO.replace("'requests_total' }", "'vector(1)' }"), r"query: selects no metric"),
    "slices of events": (
        SLO.replace("0.99", "0.99, timeSliceWindow: 5"),
        r"objectives\.0: timeSliceWindow: belongs to .* Timeslices",
    ),
    "slices without length": (SLO.replace("Occurrences", "Timeslices"), r"timeSliceWindow is missing"),
    "a threshold of a ratio": (
        SLO.replace("target: 0.99", "target: 0.99, op: lte, value: 3"),
        r"slo.yaml:15: .*spec\.objectives\.0: op and value",
    ),
    "offset": (SLO.replace("'requests_total' }", "'requests_total offset 5m' }"), r"offset"),
    "no query": (SLO.replace("query: 'requests_total' }", "text: 'x' }"), r"spec.query: is missing"),
    "malformed": (SLO + "  : [", r"slo.yaml:\d+: not valid YAML"),
    "control character": (SLO.replace("blog", '"bl\x07og"'), r"slo.yaml: not valid YAML: unacceptable character"),
    "tab": (SLO.replace("  service", "\tservice"), r"not valid YAML.*tabs"),
    "duplicate key": (SLO.replace("  service: blog", "  service: blog\n  service: blog"), r"not valid YAML"),
    "a value": ("just text", r"a document of fields is expected"),
    "a bad name": (SLO.replace("{ name: answers }\nspec", "{ name: An Swers }\nspec"), r"metadata.name.*An Swers"),
}


@pytest.mark.parametrize("what", BAD)
def test_a_mistake_is_one_error_that_names_file_field_and_value(what: str, tmp_path: Path) -> None:
    text, message = BAD[what]

    with pytest.raises(MalformedError, match=message):
        load_criteria([write(tmp_path, text)])


UNSUPPORTED = {
    "weights": (SLO.replace("target: 0.99", "target: 0.99, compositeWeight: 2"), r"objectives\.0: compositeWeight"),
    "another vendor": (SLO.replace("Prometheus", "Datadog"), "'Datadog'"),
    "time slices": (
        SLO.replace("Occurrences", "Timeslices").replace("0.99", "0.99, timeSliceTarget: 0.9, timeSliceWindow: 5"),
        "Occurrences, is judged",
    ),
    "a window of its own": (
        SLO.replace("'requests_total' }", "'rate(requests_total[5m])' }"),
        r"total\.metricSource\.spec\.query: write a metric selector, or put the window as \{\{\.window\}\}",
    ),
    "gauges": (SLO.replace("counter: true", "counter: false"), "ratioMetric of counters"),
}


@pytest.mark.parametrize("what", UNSUPPORTED)
def test_what_is_valid_but_not_judged_is_named_instead_of_ignored(what: str, tmp_path: Path) -> None:
    text, message = UNSUPPORTED[what]

    with pytest.raises(UnsupportedError, match=message):
        load_criteria([write(tmp_path, text)])


def test_names_that_differ_only_by_case_are_one_name_too_many(tmp_path: Path) -> None:
    write(tmp_path, SLO, "a.yaml")
    write(tmp_path, SLO, "b.yaml")

    with pytest.raises(MalformedError, match=r"b\.yaml:1: SLO answers: the name is taken by .*a\.yaml"):
        load_criteria([tmp_path])


def test_a_byte_order_mark_is_read_over(tmp_path: Path) -> None:
    assert len(load_criteria([write(tmp_path, "\ufeff" + SLO)])) == 1


def test_what_is_not_utf8_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "slo.yaml"
    file.write_bytes(SLO.replace("blog", "blög").encode("latin-1"))

    with pytest.raises(SloError, match="is not UTF-8"):
        load_criteria([file])


def test_a_bomb_of_aliases_is_refused_before_it_expands(tmp_path: Path) -> None:
    layers = [f"    a{i}: &a{i} [" + ", ".join([f"*a{i - 1}"] * 9) + "]\n" for i in range(1, 10)]
    bomb = SLO.replace(
        "{ name: answers }\nspec", "\n  name: answers\n  labels:\n    a0: &a0 [x]\n" + "".join(layers) + "spec"
    )

    with pytest.raises(SloError, match="aliases stand for too many values"):
        load_criteria([write(tmp_path, bomb)])


def test_an_alias_for_something_around_it_is_refused(tmp_path: Path) -> None:
    endless = SLO.replace("{ name: answers }\nspec", "&all { name: answers, labels: { again: *all } }\nspec")

    with pytest.raises(SloError):
        load_criteria([write(tmp_path, endless)])


def test_a_few_aliases_are_a_convenience(tmp_path: Path) -> None:
    twice = SLO.replace("bad: {", "bad: &metric {").replace("total: { metricSource", "total: *metric #")

    assert [one.total.text for one in load_criteria([write(tmp_path, twice)])] == ['requests_total{code="500"}']


@pytest.mark.parametrize("opening", ["[", "{a: "])
def test_what_is_nested_without_end_is_refused_at_its_line(opening: str, tmp_path: Path) -> None:
    with pytest.raises(SloError, match=r"slo\.yaml:2: nested deeper than 50 levels"):
        load_criteria([write(tmp_path, "---\na: " + opening * 5000)])


def test_a_huge_file_is_refused_unread(tmp_path: Path) -> None:
    with pytest.raises(SloError, match="larger than"):
        load_criteria([write(tmp_path, "#" * (1024 * 1024 + 1))])


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SloError, match=r"nowhere\.yaml: cannot be read"):
        load_criteria([tmp_path / "nowhere.yaml"])
