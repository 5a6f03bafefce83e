"""Template variables: the data sources that a reader may choose, and what a dashboard can be narrowed to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from grafanalib import core  # type: ignore[import-untyped]  # the package is not annotated

from dashboards.grafana.queries import Source

if TYPE_CHECKING:
    from collections.abc import Iterator

_LABELS: Final = {Source.METRICS: "Metrics", Source.LOGS: "Logs", Source.TRACES: "Traces"}
_ON_TIME_CHANGE: Final = 2
_ALPHABETICAL: Final = 1


class _Variable(core.Template):  # type: ignore[misc]  # the base class is not annotated
    """A variable as current Grafana writes it; grafanalib's own form has a string for a query."""

    document: dict[str, Any]

    def to_json_data(self) -> dict[str, Any]:
        return self.document


def _variable(name: str, kind: str, label: str, **document: Any) -> _Variable:  # noqa: ANN401 - JSON
    variable = _Variable(name=name, query="", type=kind)
    variable.document = {"name": name, "type": kind, "label": label, "hide": 0, "options": [], **document}
    return variable


def datasource(source: Source) -> _Variable:
    """Return the variable by which panels name a data source; provisioning calls ours by their type."""
    kind, name = source.value
    current = {"text": kind, "value": kind}
    return _variable(
        name, "datasource", _LABELS[source], query=kind, regex="", refresh=1, current=current, multi=False,
        includeAll=False,
    )  # fmt: skip


def label_values(name: str, label: str, query: str, *, several: bool = False, first: str = "") -> _Variable:
    """Return a choice among the values of a label; `query` is what Grafana's variable editor takes.

    `several` allows more than one, and all; otherwise `first` is chosen until somebody chooses.
    """
    chosen: dict[str, Any] = {"text": first, "value": first} if first else {}
    return _variable(
        name,
        "query",
        label,
        datasource=Source.METRICS.reference,
        definition=query,
        query={"query": query, "refId": f"variable-{name}"},
        regex="",
        refresh=_ON_TIME_CHANGE,
        sort=_ALPHABETICAL,
        multi=several,
        includeAll=several,
        allValue=".+" if several else None,
        current={"text": ["All"], "value": ["$__all"]} if several else chosen,
    )


def textbox(name: str, label: str, default: str = "") -> _Variable:
    """Return a field to type into."""
    return _variable(name, "textbox", label, query=default, current={"text": default, "value": default})


def sources_of(panels: list[Any]) -> Iterator[_Variable]:
    """Yield a data source variable for each source that the panels ask, metrics first."""
    asked = {target["datasource"]["type"] for panel in panels for target in panel.targets}
    for source in Source:
        if source.value[0] in asked:
            yield datasource(source)
