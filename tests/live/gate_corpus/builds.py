"""The table of builds: each is judged as `titanium verify` would, and what has to come of it is known beforehand.

BAD builds miss an objective for their users (99.5 % without an error, 95 % within 500 ms), or cannot be known not to:
they must never pass. GOOD ones hold both, and must pass within three looks of 60, 120 and 240 s. What a build does is
told in the words of `behaviour`, what is wrong with its telemetry in those of `telemetry`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tests.live.gate_corpus import telemetry
from tests.live.gate_corpus.behaviour import (
    Effect,
    after,
    always,
    before,
    both,
    endpoint,
    fails,
    grows,
    last,
    lies,
    lock,
    one_replica,
    plus,
    pool,
    queries,
    refuses,
    retried,
    some,
    stalls,
    takes,
    tenants,
    unseen,
    when,
)
from tests.live.gate_corpus.telemetry import (
    bucket,
    counters,
    dropped,
    durations,
    errors,
    everything,
    frozen,
    metric,
    of_destination,
    of_ingress,
    of_source,
    relabelled,
    reset,
    scaled,
    unscraped,
)

BAD: Final = "bad"
GOOD: Final = "good"

SLOW: Final = "slow"
FAILING: Final = "failing"
HIDDEN: Final = "hidden by its telemetry"
HEALTHY: Final = "healthy"
NEAR: Final = "near a limit"
REFUSING: Final = "users' own errors"
NOISY: Final = "noise"
LOADED: Final = "another load"
FAMILIES: Final = {BAD: (SLOW, FAILING, HIDDEN), GOOD: (HEALTHY, NEAR, REFUSING, NOISY, LOADED)}


def expected_of(family: str) -> str:
    """Return what builds of a family are: bad or good."""
    return BAD if family in FAMILIES[BAD] else GOOD


@dataclass(frozen=True)
class Build:
    """A build, and the circumstances under which it is judged.

    `serves` are its effects on a healthy platform's answers; `shown` what becomes of its telemetry; `counted` the
    effects of the build that is counted in its place, if it is another's. `arrivals` is constant, poisson or bursts.
    """

    name: str
    family: str
    serves: Sequence[Effect] = ()
    shown: telemetry.Telemetry = telemetry.honest
    counted: Sequence[Effect] | None = None
    rate_rps: float = 100.0
    arrivals: str = "constant"
    lag_p99_ms: float = 0.8
    version: str = "v1"

    @property
    def expected(self) -> str:
        return expected_of(self.family)


LISTS = endpoint("read the front page", "browse by tag", "browse by author", "turn the page")
READS = endpoint("open a post", "read the front page", "browse by tag", "browse by author", "turn the page")
TAIL = when(some(0.08), takes(900))
ERRORS = when(some(0.01), fails(503))
DOWN = fails(0, after_ms=1)

BUILDS: Final[Sequence[Build]] = (
    # Slow, by the shape of the distribution.
    Build("600 ms more for everybody", SLOW, [when(always, plus(600))]),
    Build("everything takes 520 ms", SLOW, [when(always, takes(520))]),
    Build("8 % take 900 ms", SLOW, [TAIL]),
    Build("5.7 % take 900 ms", SLOW, [when(some(0.057), takes(900))]),
    Build("7 % take 3 s, spread wide", SLOW, [when(some(0.07), takes(3000, spread=0.5))]),
    Build("half at 5 ms, half at 700 ms", SLOW, [when(some(0.5), takes(700, spread=0.1))]),
    Build("8 % take 505 ms, which the histogram calls 500", SLOW, [when(some(0.08), takes(505))]),
    Build("the front page, a quarter of all requests, takes 800 ms", SLOW,
          [when(endpoint("read the front page"), takes(800))]),
    Build("browsing by tag, 9 % of all requests, takes 2 s", SLOW, [when(endpoint("browse by tag"), takes(2000))]),
    Build("7 of 100 tenants wait 1.2 s", SLOW, [when(tenants(7), takes(1200))]),
    Build("one replica of three takes 700 ms", SLOW, [when(one_replica, takes(700, spread=0.2))]),
    Build("8 ms slower with every second", SLOW, [when(always, grows(8))]),
    Build("a leak: slow from the 40th second on", SLOW, [when(after(40), grows(20))]),
    Build("stands still for 4 s every minute", SLOW, [stalls(every_s=60, for_s=4)]),
    Build("stands still for 0.9 s every 5 s", SLOW, [stalls(every_s=5, for_s=0.9)]),
    Build("a lock that one request in a hundred holds for 600 ms", SLOW, [lock(0.01, held_ms=600)]),
    Build("a query for each of 20 to 60 posts of a list", SLOW, [when(LISTS, queries(20, 60, each_ms=12))]),
    Build("the cache is off, and the database slow", SLOW, [when(READS, takes(450, spread=0.4))]),
    Build("a pool of 10 connections, 120 ms each", SLOW, [pool(10, median_ms=120)]),
    Build("a retry storm", SLOW, [retried(0.5, attempts=3, each_ms=400)]),
    # Failing.
    Build("1 % answer 500", FAILING, [when(some(0.01), fails(500))]),
    Build("0.8 % answer 503", FAILING, [when(some(0.008), fails(503))]),
    Build("0.65 % answer 502", FAILING, [when(some(0.0065), fails(502))]),
    Build("1 % answer 504 after 5 s", FAILING, [when(some(0.01), fails(504, after_ms=5000))]),
    Build("1 % are never answered", FAILING, [when(some(0.01), takes(60_000))]),
    Build("1 % are cut off", FAILING, [when(some(0.01), fails(0))]),
    Build("one replica of three answers 503", FAILING, [when(one_replica, fails(503))]),
    Build("logging in, 3 % of all requests, answers 500", FAILING, [when(endpoint("log in"), fails(500))]),
    Build("1 of 100 tenants gets 500", FAILING, [when(tenants(1), fails(500))]),
    Build("3 % answer 503, only in the last 20 s", FAILING, [when(both(last(20), some(0.03)), fails(503))]),
    Build("everything answers 503 in the first 3 s", FAILING, [when(before(13), fails(503))]),
    Build("dies 1 s before the end", FAILING, [when(last(1), DOWN)]),
    Build("answers nothing in the last 8 s", FAILING, [when(last(8), takes(60_000))]),
    Build("out of memory after 50 s", FAILING, [when(after(50), DOWN)]),
    Build("1 % get another post, with status 200", FAILING,
          [when(some(0.01), lies("wrong body: another post than asked for"))]),
    Build("1 % get an empty body, with status 200", FAILING, [when(some(0.01), lies("wrong body: empty"))]),
    Build("2 % of regular users are told 429", FAILING, [when(some(0.02), fails(429))]),
    # Bad, and the mesh's counters do not show it.
    Build("errors; the counters stand still from the 15th second on", HIDDEN,
          [when(after(30), fails(503))], frozen(counters, 15)),
    Build("8 % slow; the counters stand still from the beginning", HIDDEN, [TAIL], frozen(counters, -10)),
    Build("1 % errors, under another service's name", HIDDEN,
          [ERRORS], relabelled(errors, destination_service="unknown")),
    Build("1 % errors, counted as 200", HIDDEN, [ERRORS], relabelled(errors, response_code="200", response_flags="-")),
    Build("1 % errors, their series dropped", HIDDEN, [ERRORS], dropped(errors)),
    Build("0.8 % are cut off, their series dropped", HIDDEN, [when(some(0.008), fails(0))], dropped(errors)),
    Build("8 % slow; no durations are kept", HIDDEN,
          [TAIL], dropped(durations)),
    Build("8 % slow; the bucket of 500 ms is dropped", HIDDEN, [TAIL], dropped(bucket("500"))),
    Build("8 % slow; the count of durations is dropped", HIDDEN,
          [TAIL], dropped(metric("istio_request_duration_milliseconds_count"))),
    Build("1 % errors; the ingress's counters are reset half-way", HIDDEN, [ERRORS], reset(of_source, 30)),
    Build("8 % slow; both proxies' counters are reset half-way", HIDDEN, [TAIL], reset(counters, 30)),
    Build("1 % errors; nothing is scraped for 10 s", HIDDEN, [ERRORS], unscraped(everything, middle_s=10)),
    Build("dies 5 s before the end, and is scraped no more", HIDDEN,
          [when(last(5), DOWN)], unscraped(of_ingress, last_s=5)),
    Build("fails for 5 s before its first scrape", HIDDEN,
          [when(before(15), fails(503))], unscraped(of_ingress, first_s=5)),
    Build("3 % slow, and all for 6 s before the end, when nothing is scraped", HIDDEN,
          [when(some(0.03), takes(900)), when(last(6), takes(2000))], unscraped(of_ingress, last_s=5)),
    Build("1 % errors; the ingress is not scraped", HIDDEN, [ERRORS], dropped(of_ingress)),
    Build("8 % slow; the gateway's sidecar is not scraped", HIDDEN, [TAIL], dropped(of_destination)),
    Build("1 % errors; the ingress counts every second request", HIDDEN, [ERRORS], scaled(of_source, 0.5)),
    Build("8 % slow; both count every second request", HIDDEN, [TAIL], scaled(counters, 0.5)),
    Build("1 % errors; the ingress is scraped twice", HIDDEN, [ERRORS], telemetry.doubled_target),
    Build("600 ms more; a good platform is counted in its place", HIDDEN, [when(always, plus(600))], counted=()),
    Build("1 % errors; a good platform is counted in its place", HIDDEN, [ERRORS], counted=()),
    Build("8 % slow; a good platform at another address is counted", HIDDEN,
          [TAIL], relabelled(of_ingress, instance="127.0.0.1:21006"), counted=()),
    Build("700 ms pass before the mesh's clock starts", HIDDEN, [when(always, unseen(700))]),
    Build("8 % wait 900 ms before the mesh's clock starts", HIDDEN, [when(some(0.08), unseen(900))]),
    Build("450 ms in the mesh, 100 ms before it", HIDDEN,
          [when(always, takes(450, spread=0.02)), when(always, unseen(100))]),
    Build("10 % at 300 ms in the mesh; 270 ms for all before it", HIDDEN,
          [when(some(0.1), takes(300)), when(always, unseen(270))]),
    # Good: healthy.
    Build("nothing changed", HEALTHY),
    Build("a new version", HEALTHY, version="v2"),
    Build("twice as fast", HEALTHY, [when(always, takes(4, spread=0.4))]),
    Build("20 ms more for everybody", HEALTHY, [when(always, plus(20))]),
    Build("150 ms more for everybody", HEALTHY, [when(always, plus(150))]),
    Build("log-normal, median 60 ms, P99 380 ms", HEALTHY, [when(always, takes(60, spread=0.8))]),
    Build("half at 5 ms, half at 200 ms", HEALTHY, [when(some(0.5), takes(200, spread=0.1))]),
    Build("the cache is off, and the database quick", HEALTHY, [when(READS, takes(60, spread=0.4))]),
    Build("a query for each of 1 to 20 posts of a list", HEALTHY, [when(LISTS, queries(1, 20, each_ms=3))]),
    Build("a pool of 20 connections, 120 ms each", HEALTHY, [pool(20, median_ms=120)]),
    Build("one replica of three takes 300 ms", HEALTHY, [when(one_replica, takes(300, spread=0.1))]),
    Build("0.3 ms slower with every second", HEALTHY, [when(always, grows(0.3))]),
    # Good: near a limit.
    Build("2 % take 900 ms", NEAR, [when(some(0.02), takes(900))]),
    Build("3 % take 900 ms", NEAR, [when(some(0.03), takes(900))]),
    Build("4.2 % take 900 ms", NEAR, [when(some(0.042), takes(900))]),
    Build("everything takes 450 ms", NEAR, [when(always, takes(450, spread=0.02))]),
    Build("log-normal, median 100 ms, 2 % above 500 ms", NEAR, [when(always, takes(100, spread=0.8))]),
    Build("P99 of 5 s, P95 as ever", NEAR, [when(some(0.015), takes(5000))]),
    Build("logging in, 3 % of all requests, takes 800 ms", NEAR, [when(endpoint("log in"), takes(800))]),
    Build("3 of 100 tenants wait 1.2 s", NEAR, [when(tenants(3), takes(1200))]),
    Build("stands still for 1.5 s every minute", NEAR, [stalls(every_s=60, for_s=1.5)]),
    Build("a lock that one request in a thousand holds for 600 ms", NEAR, [lock(0.001, held_ms=600)]),
    Build("0.15 % answer 503", NEAR, [when(some(0.0015), fails(503))]),
    Build("0.28 % answer 503", NEAR, [when(some(0.0028), fails(503))]),
    Build("0.15 % answer 504 after 5 s", NEAR, [when(some(0.0015), fails(504, after_ms=5000))]),
    Build("0.1 % are cut off", NEAR, [when(some(0.001), fails(0))]),
    Build("one request in a hundred is tried twice", NEAR, [retried(0.01, attempts=2, each_ms=250)]),
    # Good: users' errors, which were asked for.
    Build("10 % answer 404", REFUSING, [when(some(0.10), refuses(404))]),
    Build("5 % answer 401", REFUSING, [when(some(0.05), refuses(401))]),
    Build("2 % answer 429", REFUSING, [when(some(0.02), refuses(429))]),
    Build("3 % answer 422", REFUSING, [when(some(0.03), refuses(422))]),
    # Good: noise of the machine and of a start.
    Build("dispatcher lag P99 8 ms", NOISY, lag_p99_ms=8.0),
    Build("5 % take 60 ms longer", NOISY, [when(some(0.05), plus(60))]),
    Build("8 ms more on the client's machine", NOISY, [when(always, unseen(8))]),
    Build("2 % wait 60 ms on the client's machine", NOISY, [when(some(0.02), unseen(60))]),
    Build("slow in the warm-up", NOISY, [when(before(9), takes(1500))]),
    Build("still cold in the first second", NOISY, [when(before(11), takes(700))]),
    Build("two scrapes in a row fail", NOISY, shown=unscraped(of_ingress, middle_s=4)),
    # Good: another load.
    Build("Poisson arrivals", LOADED, arrivals="poisson"),
    Build("bursts of ten", LOADED, arrivals="bursts"),
    Build("bursts of ten on a pool of 20 connections", LOADED, [pool(20, median_ms=60)], arrivals="bursts"),
    Build("200 requests/s", LOADED, rate_rps=200),
    Build("50 requests/s", LOADED, rate_rps=50),
    Build("50 requests/s, Poisson, 2 % take 900 ms", LOADED,
          [when(some(0.02), takes(900))], rate_rps=50, arrivals="poisson"),
    Build("20 requests/s", LOADED, rate_rps=20),
)  # fmt: skip
