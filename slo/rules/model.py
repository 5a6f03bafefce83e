"""Rules as data, and as the text of a rule file, written as they come and never held together."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


@dataclass(frozen=True)
class Rule:
    """A recording rule (`record`) or an alerting rule (`alert`); `wait` is the alert's `for`."""

    expr: str
    record: str = ""
    alert: str = ""
    wait: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Group:
    """Rules that are evaluated one after the other: a later one sees what an earlier one has recorded."""

    name: str
    rules: tuple[Rule, ...]
    interval: str = ""


def scalar(text: str) -> str:
    """Return a string as YAML: what has quotes in single ones, the rest as JSON, which is YAML as well."""
    if '"' in text and text.isprintable():
        doubled = text.replace("'", "''")
        return f"'{doubled}'"
    return json.dumps(text, ensure_ascii=False)


def lines(groups: Iterator[Group] | list[Group], indent: str = "") -> Iterator[str]:
    """Yield the lines of `groups:`."""
    yield f"{indent}groups:"
    for group in groups:
        yield f"{indent}  - name: {group.name}"
        if group.interval:
            yield f"{indent}    interval: {group.interval}"
        yield f"{indent}    rules:"
        for rule in group.rules:
            yield from _rule(rule, f"{indent}      ")


def _rule(rule: Rule, indent: str) -> Iterator[str]:
    yield f"{indent}- {'record' if rule.record else 'alert'}: {rule.record or rule.alert}"
    if "\n" in rule.expr:
        yield f"{indent}  expr: |-"
        for line in rule.expr.splitlines():
            yield f"{indent}    {line}"
    else:
        yield f"{indent}  expr: {scalar(rule.expr)}"
    if rule.wait:
        yield f"{indent}  for: {rule.wait}"
    for name, pairs in (("labels", rule.labels), ("annotations", rule.annotations)):
        if pairs:
            yield f"{indent}  {name}:"
            for key, value in pairs.items():
                yield f"{indent}    {key}: {scalar(value)}"
