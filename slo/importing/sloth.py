"""Sloth's `prometheus/v1` as OpenSLO. Source of the format: github.com/slok/sloth, specification prometheus/v1."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from slo.errors import MalformedError, UnsupportedError
from slo.importing.document import Draft, Events, name_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

VERSION: Final = "prometheus/v1"
_WINDOW: Final = "30d"


def is_sloth(document: Mapping[str, Any]) -> bool:
    """Whether a document is Sloth's."""
    return document.get("version") == VERSION and "slos" in document


def drafts(document: Mapping[str, Any], where: str) -> Iterator[Draft]:
    """Yield an SLO for each of the document's.

    Raises:
        SloError: a field is missing, or an SLO is made by a plugin, whose code is not in the file.
    """
    service = _text(document, "service", where)
    common = {str(key): str(value) for key, value in (document.get("labels") or {}).items()}
    for number, one in enumerate(document["slos"] or []):
        yield _draft(one, f"{where}: slos.{number}", service, common)


def _draft(one: Mapping[str, Any], where: str, service: str, common: Mapping[str, str]) -> Draft:
    name = _text(one, "name", where)
    labels = {**common, **{str(key): str(value) for key, value in (one.get("labels") or {}).items()}}
    owner = labels.get("owner") or labels.get("team")
    sli, alerting = one.get("sli") or {}, one.get("alerting") or {}
    runbook = (alerting.get("annotations") or {}).get("runbook")
    annotations = {
        **({"titanium.dev/owner": owner} if owner else {}),
        **({"titanium.dev/runbook-url": str(runbook)} if runbook else {}),
    }
    draft = Draft(
        name=name_of(f"{service}-{name}"),
        service=name_of(service),
        share=_share(one, where),
        window=_WINDOW,
        description=str(one.get("description") or ""),
        labels=labels,
        annotations=annotations,
    )
    return _measured(draft, sli, where)


def _measured(draft: Draft, sli: Mapping[str, Any], where: str) -> Draft:
    if "events" in sli:
        events = sli["events"]
        return replace(
            draft,
            events=Events(
                _text(events, "error_query", f"{where}.sli.events"),
                _text(events, "total_query", f"{where}.sli.events"),
                numerator_is_good=False,
            ),
        )
    if "raw" in sli:
        return replace(draft, error_ratio=_text(sli["raw"], "error_ratio_query", f"{where}.sli.raw"))
    kind = next(iter(sli), "nothing")
    raise UnsupportedError(f"{where}.sli: {kind} is not imported; only events and raw say in the file what is measured")


def _share(one: Mapping[str, Any], where: str) -> str:
    value = one.get("objective")
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise MalformedError(f"{where}.objective: must be a number of per cent, is {value!r}")
    return f"{(Decimal(str(value)) / 100).normalize():f}"


def _text(document: Mapping[str, Any], key: str, where: str) -> str:
    value = document.get(key)
    if not isinstance(value, str) or not value.strip():
        raise MalformedError(f"{where}.{key}: is missing")
    return " ".join(value.split())
