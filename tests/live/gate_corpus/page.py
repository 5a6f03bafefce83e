"""What the corpus shows, as Markdown, and its place in docs/gate.md."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final

from tests.live.gate_corpus.builds import BAD, GOOD
from tests.live.gate_corpus.trial import Outcome
from workbench.domain.verdict import Verdict
from workbench.platform.instance import CHECKOUT

PAGE: Final = CHECKOUT / "docs" / "gate.md"
SIMULATED: Final = "corpus"
LIVE: Final = "live corpus"


def matrix(outcomes: Iterable[Outcome]) -> list[str]:
    """Return how many builds of each kind got which verdict."""
    counts = Counter((one.expected, one.verdict) for one in outcomes)
    rows = [
        f"| {expected}: {sum(counts[expected, verdict] for verdict in Verdict)} | "
        + " | ".join(str(counts[expected, verdict]) for verdict in Verdict)
        + " |"
        for expected in (BAD, GOOD)
    ]
    return ["| builds | " + " | ".join(Verdict) + " |", "|---|" + "---|" * len(Verdict), *rows]


def table(outcomes: Iterable[Outcome]) -> Iterator[str]:
    """Yield a row for each build."""
    yield "| build | family | expected | verdict | looks | why |"
    yield "|---|---|---|---|---|---|"
    for one in outcomes:
        yield f"| {one.name} | {one.family} | {one.expected} | {one.verdict} | {one.looks} | {one.why} |"


def write(marker: str, outcomes: Iterable[Outcome]) -> None:
    """Put matrix and table between `<!-- marker: begin -->` and `<!-- marker: end -->`; ValueError without them."""
    every = list(outcomes)
    text = PAGE.read_text(encoding="utf-8")
    begin, end = f"<!-- {marker}: begin -->\n", f"<!-- {marker}: end -->"
    between = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
    if not between.search(text):
        raise ValueError(f"{PAGE} has no {begin.strip()} … {end}")
    content = "\n".join([begin, *matrix(every), "", *table(every), "", end])
    PAGE.write_text(between.sub(lambda _: content, text), encoding="utf-8")
