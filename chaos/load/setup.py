"""What a worker learns before the clock starts: the newest posts, and a few people who are logged in.

Contract: `explore` returns a world in which every scenario has something to do, or raises `UnreachableError` with the
request that failed and why. Its requests happen before the warm-up and are never measured.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from typing import TYPE_CHECKING

from chaos.load.dispatcher import Answer, judge
from chaos.load.errors import UnreachableError
from chaos.load.population import demo_users
from chaos.load.scenarios import Call, list_call, login_call
from chaos.load.world import World

if TYPE_CHECKING:
    from chaos.load.checks import Json
    from chaos.load.plan import LoadPlan
    from chaos.load.target import Target

PAGES = 8
# Enough that edits and refreshes rarely meet; every login costs the platform some 40 ms of password hashing.
FIRST_SESSIONS = 4

Send = Callable[[Call], Answer]


def explore(plan: LoadPlan, send: Send, worker: int = 0) -> World:
    """Read some pages of the list and log the first few of this worker's people in."""
    # Workers share no people: one worker's refresh would take away the session of another.
    world = World(accounts=demo_users()[worker % len(demo_users()) :: plan.workers])
    learn_posts(world, plan.target, send)
    for account in islice(world.accounts, FIRST_SESSIONS):
        call = login_call(world, account)
        call.settle(_require(call, plan.target, send))
    return world


def learn_posts(world: World, target: Target, send: Send) -> None:
    """Read the first pages of the list into the world; all that reading needs."""
    cursor: str | None = None
    for _ in range(PAGES):
        page = _require(list_call("read the front page", cursor=cursor), target, send)
        world.learn_page(page)
        if not (cursor := page.get("next_cursor")):
            return


def _require(call: Call, target: Target, send: Send) -> Json:
    answer = send(call)
    if reason := judge(call, answer):
        raise UnreachableError(f"{target.url}: {call.method} {call.path} before the run: {reason}")
    return answer.body
