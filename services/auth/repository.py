"""All SQL of the auth service, as Core statements that return plain rows; times are the database's."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Row, delete, exists, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession
from sqlalchemy.orm import aliased

from services.auth.models import AccountRow, RefreshTokenRow, SessionRow

Account = Row[UUID, str, str]
PresentedToken = Row[UUID, UUID, str, bool, datetime | None, float | None, bool, bool]


async def create_account(
    session: AsyncSession, *, account_id: UUID, email: str, handle: str, password_hash: str
) -> bool:
    """Create the account; False when the e-mail address or the handle is taken."""
    statement = (
        insert(AccountRow)
        .values(id=account_id, email=email, handle=handle, password_hash=password_hash)
        .on_conflict_do_nothing()
        .returning(AccountRow.id)
    )
    return (await session.execute(statement)).first() is not None


async def find_account(connection: AsyncConnection, email: str) -> Account | None:
    """Return id, handle and password hash of the account with this e-mail address."""
    statement = select(AccountRow.id, AccountRow.handle, AccountRow.password_hash).where(AccountRow.email == email)
    return (await connection.execute(statement)).one_or_none()


async def delete_account(session: AsyncSession, account_id: UUID) -> None:
    """Delete everything of an account but its handle; doing it again changes nothing.

    Posts stay under their author's handle: whoever could take it next would inherit them.
    """
    await session.execute(delete(SessionRow).where(SessionRow.account_id == account_id))
    nobody = {"email": f"deleted:{account_id}", "password_hash": ""}
    await session.execute(update(AccountRow).where(AccountRow.id == account_id).values(nobody))


async def create_session(session: AsyncSession, *, session_id: UUID, account_id: UUID, lifetime_s: int) -> None:
    """Begin a session and clear away the account's expired ones."""
    await session.execute(
        delete(SessionRow).where(SessionRow.account_id == account_id, SessionRow.expires_at < func.now())
    )
    expires_at = func.now() + timedelta(seconds=lifetime_s)
    await session.execute(insert(SessionRow).values(id=session_id, account_id=account_id, expires_at=expires_at))


async def add_token(
    session: AsyncSession, *, digest: bytes, session_id: UUID, parent_digest: bytes | None = None
) -> None:
    """Store the digest of a new refresh token of the session."""
    values = {"digest": digest, "session_id": session_id, "parent_digest": parent_digest}
    await session.execute(insert(RefreshTokenRow).values(values))


async def lock_session_of(session: AsyncSession, digest: bytes) -> bool:
    """Make refreshes of one session take turns; False when there is no such token."""
    owner = select(RefreshTokenRow.session_id).where(RefreshTokenRow.digest == digest).scalar_subquery()
    statement = select(SessionRow.id).where(SessionRow.id == owner).with_for_update()
    return (await session.execute(statement)).first() is not None


async def find_token(session: AsyncSession, digest: bytes) -> PresentedToken | None:
    """Return a token with its account, whether its session is alive, and what became of it.

    The last three columns: seconds since it was traded (None = never); whether a token that it was traded for has been
    used itself, which means that the answer to the trade did arrive; and whether another token of the same trade has
    been used, which means that somebody else goes on with the session.
    """
    successor, sibling = aliased(RefreshTokenRow), aliased(RefreshTokenRow)
    now = func.clock_timestamp()
    alive = (SessionRow.revoked_at.is_(None)) & (SessionRow.expires_at > now)
    successor_used = exists().where(
        successor.parent_digest == RefreshTokenRow.digest,
        successor.session_id == RefreshTokenRow.session_id,
        successor.used_at.is_not(None),
    )
    sibling_used = exists().where(
        sibling.parent_digest == RefreshTokenRow.parent_digest,
        sibling.session_id == RefreshTokenRow.session_id,
        sibling.digest != RefreshTokenRow.digest,
        sibling.used_at.is_not(None),
    )
    statement = (
        select(
            SessionRow.id.label("session_id"),
            AccountRow.id.label("account_id"),
            AccountRow.handle,
            alive.label("alive"),
            RefreshTokenRow.used_at,
            func.extract("epoch", now - RefreshTokenRow.used_at).label("used_for_s"),
            successor_used.label("successor_used"),
            sibling_used.label("sibling_used"),
        )
        .join(SessionRow, SessionRow.id == RefreshTokenRow.session_id)
        .join(AccountRow, AccountRow.id == SessionRow.account_id)
        .where(RefreshTokenRow.digest == digest)
    )
    return (await session.execute(statement)).one_or_none()


async def mark_used(session: AsyncSession, digest: bytes) -> None:
    """Note that the token was traded, unless that is noted already: the grace counts from the first time."""
    statement = update(RefreshTokenRow).where(RefreshTokenRow.digest == digest, RefreshTokenRow.used_at.is_(None))
    await session.execute(statement.values(used_at=func.clock_timestamp()))


async def revoke_session(session: AsyncSession, session_id: UUID) -> None:
    """End the session and with it every refresh token of its family."""
    statement = update(SessionRow).where(SessionRow.id == session_id, SessionRow.revoked_at.is_(None))
    await session.execute(statement.values(revoked_at=func.clock_timestamp()))
