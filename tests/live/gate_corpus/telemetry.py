"""What can be wrong with the telemetry of a build, as changes of the series that Prometheus holds.

Each takes the honest series of a run, and when its measured window began and ended (epoch seconds), and returns what
was kept instead. A `Match` chooses series by their labels; the metric's name is the label `__name__`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from workbench.domain.series import Series

Match = Callable[[Mapping[str, str]], bool]


@dataclass(frozen=True)
class Measured:
    """The measured window of a run in epoch seconds."""

    start: float
    end: float


Telemetry = Callable[[Sequence[Series], Measured], list[Series]]


def honest(series: Sequence[Series], _window: Measured) -> list[Series]:
    """Nothing is wrong."""
    return list(series)


# Which series.


def everything(_labels: Mapping[str, str]) -> bool:
    """All of them, `up` too."""
    return True


def counters(labels: Mapping[str, str]) -> bool:
    """Everything that the proxies count."""
    return labels["__name__"] != "up"


def of_source(labels: Mapping[str, str]) -> bool:
    """What the ingress counts."""
    return labels.get("reporter") == "source"


def of_destination(labels: Mapping[str, str]) -> bool:
    """What the gateway's sidecar counts."""
    return labels.get("reporter") == "destination"


def of_ingress(labels: Mapping[str, str]) -> bool:
    """What comes with a scrape of the ingress, its `up` too."""
    return labels.get("app") == "istio-ingressgateway"


def errors(labels: Mapping[str, str]) -> bool:
    """Server errors and requests without an answer."""
    code = labels.get("response_code", "")
    return code == "0" or code.startswith("5")


def durations(labels: Mapping[str, str]) -> bool:
    """The histogram of durations, and the counter of slow requests."""
    return "duration" in labels["__name__"] or "slow" in labels["__name__"]


def metric(*names: str) -> Match:
    """Metrics by name."""
    return lambda labels: labels["__name__"] in names


def bucket(bound: str) -> Match:
    """One bucket of the durations."""
    return lambda labels: labels.get("le") == bound


# What happens to them.


def dropped(match: Match) -> Telemetry:
    """Not kept (a relabelling rule, a limit on series)."""
    return lambda series, _: [one for one in series if not match(one.labels)]


def relabelled(match: Match, **labels: str) -> Telemetry:
    """Kept under other labels."""
    return lambda series, _: [
        Series({**one.labels, **labels}, one.samples) if match(one.labels) else one for one in series
    ]


def frozen(match: Match, after_s: float) -> Telemetry:
    """The same page is served over and over: from then on no value changes."""

    def change(one: Series, window: Measured) -> Series:
        then = window.start + after_s
        held = [value for time, value in one.samples if time <= then][-1:]
        if not held:
            return Series(one.labels, [])
        return Series(one.labels, [(time, value if time <= then else held[0]) for time, value in one.samples])

    return lambda series, window: [change(one, window) if match(one.labels) else one for one in series]


def reset(match: Match, after_s: float) -> Telemetry:
    """The proxy is restarted: what it had counted until then is forgotten."""

    def change(one: Series, window: Measured) -> Series:
        then = window.start + after_s
        lost = next((value for time, value in reversed(one.samples) if time <= then), 0.0)
        return Series(one.labels, [(time, value if time <= then else value - lost) for time, value in one.samples])

    return lambda series, window: [change(one, window) if match(one.labels) else one for one in series]


def unscraped(match: Match, *, first_s: float = 0.0, last_s: float = 0.0, middle_s: float = 0.0) -> Telemetry:
    """No scrape succeeds for so many seconds at the beginning, at the end, and in the middle of the window."""

    def seen(time: float, window: Measured) -> bool:
        middle = (window.start + window.end) / 2
        return not (
            window.start <= time < window.start + first_s
            or (last_s > 0 and time > window.end - last_s)
            or abs(time - middle) < middle_s / 2
        )

    def change(one: Series, window: Measured) -> Series:
        return Series(one.labels, [sample for sample in one.samples if seen(sample[0], window)])

    return lambda series, window: [change(one, window) if match(one.labels) else one for one in series]


def scaled(match: Match, share: float) -> Telemetry:
    """Only a part is counted (one of several proxies is not scraped)."""
    return lambda series, _: [
        Series(one.labels, [(time, float(int(value * share))) for time, value in one.samples])
        if match(one.labels)
        else one
        for one in series
    ]


def doubled_target(series: Sequence[Series], _window: Measured) -> list[Series]:
    """The ingress is scraped twice under different addresses."""
    copies = [
        Series({**one.labels, "instance": "127.0.0.1:1"}, one.samples) for one in series if of_ingress(one.labels)
    ]
    return [*series, *copies]
