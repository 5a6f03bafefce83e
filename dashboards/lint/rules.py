"""The rules: those of Grafana's dashboard-linter under their own names, of pint (`promql/…`), and ours (`titanium/…`).

Sources: github.com/grafana/dashboard-linter, docs/rules; cloudflare.github.io/pint, checks. Two of Grafana's rules ask
for variables `job` and `instance` in every query; here jobs are fixed names and single instances are nobody's question,
so they are asked for what they are there for: no query without a job or namespace, and none bound to an instance.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from dashboards.lint.finding import Document, Known, Said, questions
from dashboards.lint.promql import RATES, Use, parse

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dashboards.lint.finding import DashboardRule, PanelRule, TargetRule

_COUNTER: Final = re.compile(r"_(total|count|bucket|sum)$")
# Gauges that count what is there now.
_COUNTS_NOW: Final = frozenset({"pg_locks_count", "pg_stat_activity_count", "db_client_connection_count"})
# Recorded series are named `level:metric:operations` and carry no job; ALERTS are Prometheus' own.
_RECORDED: Final = re.compile(r":|^ALERTS(_FOR_STATE)?$")
_SCOPES: Final = frozenset({"job", "namespace"})
_SCRAPE_LABELS: Final = frozenset({"job", "instance", "namespace", "pod", "app", "le"})
_NO_UNIT: Final = frozenset({"row", "text", "logs", "traces", "nodeGraph"})
_ON_TIME_CHANGE: Final = 2
_SPECIAL: Final = re.compile(r"[.*+?()\[\]{}|\\^$]")
_LABEL_VALUES: Final = re.compile(r"label_values\((?:(?P<series>.+),\s*)?(?P<label>\w+)\)$")


# Dashboards.


def template_datasource(document: Document) -> Said:
    """The reader chooses the data source."""
    if not any(one["type"] == "datasource" for one in document["templating"]["list"]):
        yield "has no variable for its data source"


def template_label_promql(document: Document) -> Said:
    """A variable's query is `label_values` of something that parses."""
    for one in _query_variables(document):
        match = _LABEL_VALUES.match(one["definition"])
        if match is None:
            yield f"the variable {one['name']} does not ask label_values(…): {one['definition']}"
        elif match["series"]:
            yield from _unparsable(match["series"])


def template_on_time_change(document: Document) -> Said:
    """A variable's values are asked for again when the time range changes."""
    for one in _query_variables(document):
        if one.get("refresh") != _ON_TIME_CHANGE:
            yield f"the variable {one['name']} is not refreshed when the time range changes"


def uneditable(document: Document) -> Said:
    """What is generated is not edited by hand: it would be lost."""
    if document.get("editable", True):
        yield "can be edited by hand"


def rows_ask(document: Document) -> Said:
    """Every row is titled by the question that it answers; the first one is about users, or whether data is there."""
    for each in questions(document):
        if not each["title"].endswith("?"):
            yield f"the row {each['title']!r} is not a question"
    first = next(iter(document["panels"]), None)
    if first is None or first["type"] != "row":
        yield "does not begin with a row"


def ids_differ(document: Document) -> Said:
    """Two panels with one id are one panel for Grafana."""
    seen: set[int] = set()
    for panel in document["panels"]:
        if panel["id"] in seen:
            yield f"two panels have the id {panel['id']}"
        seen.add(panel["id"])


# Panels.


def panel_datasource(panel: Document) -> Said:
    """A panel asks the data source that the reader chose."""
    if panel["type"] != "text" and not panel.get("datasource", {}).get("uid", "").startswith("${"):
        yield "names a data source instead of the variable"


def panel_title_description(panel: Document) -> Said:
    """A panel says what it shows and when to worry."""
    if not panel.get("title"):
        yield "has no title"
    if panel["type"] != "text" and not panel.get("description"):
        yield "has no description"


def panel_units(panel: Document) -> Said:
    """A number has a unit; `none` is one."""
    if panel["type"] not in _NO_UNIT and not _searches(panel) and not panel["fieldConfig"]["defaults"].get("unit"):
        yield "has no unit"


def panel_no_targets(panel: Document) -> Said:
    """A panel asks something."""
    if panel["type"] != "text" and not panel.get("targets"):
        yield "asks nothing"


# Queries.


def target_promql(_panel: Document, target: Document, _known: Known) -> Said:
    """The query is PromQL."""
    if _is(target, "prometheus"):
        yield from _unparsable(target["expr"])


def target_rate_interval(_panel: Document, target: Document, _known: Known) -> Said:
    """A rate's window is Grafana's, at least four scrapes long."""
    for use in _uses(target):
        if use.function in RATES and not use.grafanas_window:
            yield f"{use.function}({use.metric}) has a window of its own: use $__rate_interval"


def target_job(_panel: Document, target: Document, _known: Known) -> Said:
    """No query looks at everything that happens to have that name."""
    for use in _uses(target):
        if not _RECORDED.search(use.metric) and not _SCOPES & use.labels:
            yield f"{use.metric} is selected without job or namespace"
        if use.metric.startswith("slo:") and "slo" not in use.labels:
            yield f"{use.metric} is selected without slo"


def target_instance(_panel: Document, target: Document, _known: Known) -> Said:
    """Instances come and go: a panel that names one is empty tomorrow."""
    for use in _uses(target):
        if "instance" in use.labels:
            yield f"{use.metric} is bound to an instance"


def target_counter_agg(_panel: Document, target: Document, _known: Known) -> Said:
    """A counter's value means nothing: only how it grows."""
    for use in _uses(target):
        counts = _COUNTER.search(use.metric) and not _RECORDED.search(use.metric) and use.metric not in _COUNTS_NOW
        if counts and use.function not in RATES:
            yield f"{use.metric} is a counter without rate() or increase()"


def target_logql(_panel: Document, target: Document, _known: Known) -> Said:
    """The query selects a stream; Loki itself judges the rest."""
    if _is(target, "loki") and not re.search(r'\{\s*\w+\s*(=|!=|=~|!~)\s*"', target["expr"]):
        yield "selects no stream"


def target_logql_auto(_panel: Document, target: Document, _known: Known) -> Said:
    """A log query's window is Grafana's."""
    if _is(target, "loki") and re.search(r"\[\d+\w\]", target["expr"]):
        yield "has a window of its own: use $__auto or $__range"


def pint_regexp(_panel: Document, target: Document, _known: Known) -> Said:
    """A regular expression without anything regular is slower than an equality and says less."""
    for use in _uses(target):
        for label, operator, value in use.matchers:
            if operator in {"=~", "!~"} and not _SPECIAL.search(value) and "$" not in target["expr"]:
                yield f'{label}{operator}"{value}" matches one value: use = or !='
            if value.startswith("^") or value.endswith("$"):
                yield f'{label}{operator}"{value}" is anchored twice'


def known_names(_panel: Document, target: Document, known: Known) -> Said:
    """Every metric and label is one that somebody writes: a misspelt one is an empty panel for ever."""
    for use in _uses(target):
        if use.metric not in known:
            yield f"{use.metric} is in no registry"
            continue
        labels = known[use.metric]
        for label in sorted(use.labels) if labels is not None else ():
            if label not in (labels or frozenset()) | _SCRAPE_LABELS:
                yield f"{use.metric} has no label {label}"


DASHBOARD_RULES: Final[Mapping[str, DashboardRule]] = {
    "template-datasource-rule": template_datasource,
    "template-label-promql-rule": template_label_promql,
    "template-on-time-change-reload-rule": template_on_time_change,
    "uneditable-dashboard-rule": uneditable,
    "titanium/question": rows_ask,
    "titanium/panel-id": ids_differ,
}
PANEL_RULES: Final[Mapping[str, PanelRule]] = {
    "panel-datasource-rule": panel_datasource,
    "panel-title-description-rule": panel_title_description,
    "panel-units-rule": panel_units,
    "panel-no-targets-rule": panel_no_targets,
}
TARGET_RULES: Final[Mapping[str, TargetRule]] = {
    "target-promql-rule": target_promql,
    "target-rate-interval-rule": target_rate_interval,
    "target-job-rule": target_job,
    "target-instance-rule": target_instance,
    "target-counter-agg-rule": target_counter_agg,
    "target-logql-rule": target_logql,
    "target-logql-auto-rule": target_logql_auto,
    "promql/regexp": pint_regexp,
    "titanium/known-name": known_names,
}


def _query_variables(document: Document) -> list[Document]:
    return [one for one in document["templating"]["list"] if one["type"] == "query"]


def _is(target: Document, kind: str) -> bool:
    return bool(target["datasource"]["type"] == kind)


def _searches(panel: Document) -> bool:
    return bool(panel.get("datasource", {}).get("type") == "jaeger")


def _uses(target: Document) -> tuple[Use, ...]:
    """Return the metrics of a query that parses; one that does not is another rule's finding."""
    if not _is(target, "prometheus"):
        return ()
    try:
        return parse(target["expr"]).uses
    except ValueError:
        return ()


def _unparsable(expr: str) -> Said:
    try:
        parse(expr)
    except ValueError as error:
        yield f"is no PromQL: {' '.join(str(error).split())}: {expr}"
