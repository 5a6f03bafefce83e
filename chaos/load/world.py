"""What the users of one worker know: which posts, tags and people exist, who is logged in, which posts are their own.

Contract: plain state without I/O, used from one thread (greenlets switch only at I/O, never inside these methods).
Two users never work on one own post or refresh one session at the same time: `take_…` hands it out exclusively,
`settle` callbacks of the scenarios give it back.
"""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Sequence

    from chaos.load.population import DemoUser

# A token is not used in its last seconds: it would expire on the way and count as the platform's failure.
EXPIRY_MARGIN_S = 30.0


@dataclass(frozen=True, slots=True)
class PostRef:
    """A post as a list shows it."""

    post_id: str
    author: str


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody who is logged in; `expires_at` on the clock of the world, in seconds."""

    account: DemoUser
    access_token: str
    refresh_token: str
    expires_at: float


@dataclass(frozen=True, slots=True)
class OwnPost:
    """A post that was written during this run."""

    post_id: str
    account: DemoUser


@dataclass(slots=True)
class World:
    """The state; `now` is the clock for the lifetime of tokens (seconds)."""

    accounts: Sequence[DemoUser]
    posts: list[PostRef] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    cursors: list[str] = field(default_factory=list)
    sessions: dict[str, Session] = field(default_factory=dict)
    own_posts: deque[OwnPost] = field(default_factory=deque)
    now: Callable[[], float] = time.monotonic

    @property
    def authors(self) -> list[str]:
        """The handles of those who have written something, each once, in order of first appearance."""
        return list(dict.fromkeys(post.author for post in self.posts))

    def learn_page(self, page: dict[str, Any]) -> None:
        """Remember the posts, tags and the cursor of a page of the list."""
        self.posts += [PostRef(item["id"], item["author"]["handle"]) for item in page["items"]]
        fresh = dict.fromkeys(tag for item in page["items"] for tag in item["tags"])
        self.tags += [tag for tag in fresh if tag not in self.tags]
        if cursor := page.get("next_cursor"):
            self.cursors.append(cursor)

    def logged_in(self, account: DemoUser, tokens: dict[str, Any]) -> None:
        """Remember a session; a newer one of the same account replaces the older."""
        self.sessions[account.email] = Session(
            account=account,
            access_token=tokens["access_token"],
            refresh_token=tokens["refresh_token"],
            expires_at=self.now() + tokens["expires_in"],
        )

    def somebody(self, dice: random.Random) -> Session | None:
        """Return any session whose token is good for a while, or None."""
        return dice.choice(fresh) if (fresh := self._fresh()) else None

    def session_of(self, account: DemoUser) -> Session | None:
        """Return the session of this account if its token is good for a while."""
        session = self.sessions.get(account.email)
        return session if session in self._fresh() else None

    def take_session(self, dice: random.Random) -> Session | None:
        """Hand out a session exclusively (a refresh token works once); `logged_in` brings its successor."""
        if not self.sessions:
            return None
        return self.sessions.pop(dice.choice(list(self.sessions)))

    def take_own_post(self) -> OwnPost | None:
        """Hand out the oldest own post whose author is logged in, exclusively; `own_posts.append` gives it back."""
        for _ in range(len(self.own_posts)):
            post = self.own_posts.popleft()
            if self.session_of(post.account):
                return post
            self.own_posts.append(post)
        return None

    def _fresh(self) -> list[Session]:
        deadline = self.now() + EXPIRY_MARGIN_S
        return [session for session in self.sessions.values() if session.expires_at > deadline]
