"""What the auth service does: accounts, and sessions that live by rotating refresh tokens.

Contract: a refresh token works once. The same one again within `REFRESH_GRACE_S`, and before its successor was used, is
a lost answer and gets another successor; in any other case it is reuse, and the whole session ends. Of several
successors one may go on: when a second one is used, two hold the session, and it ends for both.
"""

from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncSession

from services.auth import repository
from services.auth.errors import (
    AccountExistsError,
    InvalidCredentialsError,
    InvalidRefreshTokenError,
    RefreshTokenReusedError,
)
from services.auth.passwords import Passwords
from services.auth.profiles import Profiles
from services.auth.schemas import Credentials, Registration, TokenPair
from services.auth.settings import AuthSettings
from services.auth.tokens import AccessTokens, digest_of, new_refresh_token
from services.common.database import Database
from services.common.security import Principal


class AuthService:
    """Accounts and sessions of one database."""

    def __init__(
        self,
        settings: AuthSettings,
        *,
        database: Database,
        passwords: Passwords,
        access_tokens: AccessTokens,
        profiles: Profiles,
    ) -> None:
        self._settings = settings
        self._database = database
        self._passwords = passwords
        self._access_tokens = access_tokens
        self._profiles = profiles

    async def register(self, registration: Registration) -> TokenPair:
        """Create an account and log it in.

        Raises:
            AccountExistsError: the e-mail address or the handle is taken.
            HashingSaturatedError: too many logins are under way.
        """
        password_hash = await self._passwords.hash(registration.password.get_secret_value())
        account_id = uuid4()
        async with self._database.session() as session:
            created = await repository.create_account(
                session,
                account_id=account_id,
                email=registration.email,
                handle=registration.handle,
                password_hash=password_hash,
            )
            if not created:
                raise AccountExistsError
            tokens = await self._begin_session(session, account_id, registration.handle)
            await session.commit()
        await self._profiles.create(tokens.access_token, display_name=registration.display_name)
        return tokens

    async def log_in(self, credentials: Credentials) -> TokenPair:
        """Begin a session.

        Raises:
            InvalidCredentialsError: unknown e-mail address or wrong password.
            HashingSaturatedError: too many logins are under way.
        """
        # No connection is held while the password is verified: 40 ms are longer than any query here.
        async with self._database.reader() as connection:
            account = await repository.find_account(connection, credentials.email)
        password_hash = None if account is None else account.password_hash
        right = await self._passwords.verify(credentials.password.get_secret_value(), password_hash)
        if account is None or not right:
            raise InvalidCredentialsError
        async with self._database.session() as session:
            tokens = await self._begin_session(session, account.id, account.handle)
            await session.commit()
        return tokens

    async def refresh(self, refresh_token: str) -> TokenPair:
        """Trade a refresh token for a new pair.

        Raises:
            InvalidRefreshTokenError: the token is unknown or its session is over.
            RefreshTokenReusedError: the token came again; its session is over now.
        """
        digest = digest_of(refresh_token)
        async with self._database.session() as session:
            await repository.lock_session_of(session, digest)
            token = await repository.find_token(session, digest)
            if token is None or not token.alive:
                raise InvalidRefreshTokenError
            if self._is_reuse(token):
                await repository.revoke_session(session, token.session_id)
                await session.commit()
                raise RefreshTokenReusedError
            await repository.mark_used(session, digest)
            pair = await self._issue(session, token.account_id, token.handle, token.session_id, parent=digest)
            await session.commit()
        return pair

    async def log_out(self, refresh_token: str) -> None:
        """End the token's session; an unknown token is as good as one that has ended."""
        digest = digest_of(refresh_token)
        async with self._database.session() as session:
            token = await repository.find_token(session, digest)
            if token is not None:
                await repository.revoke_session(session, token.session_id)
                await session.commit()

    async def delete_account(self, principal: Principal) -> None:
        """Delete the caller's profile, then the account with all sessions; may be repeated after a failure."""
        await self._profiles.delete(principal.token)
        async with self._database.session() as session:
            await repository.delete_account(session, principal.account_id)
            await session.commit()

    def _is_reuse(self, token: repository.PresentedToken) -> bool:
        if token.sibling_used:
            return True
        if token.used_for_s is None:
            return False
        return token.successor_used or float(token.used_for_s) > self._settings.refresh_grace_s

    async def _begin_session(self, session: AsyncSession, account_id: UUID, handle: str) -> TokenPair:
        session_id = uuid4()
        await repository.create_session(
            session, session_id=session_id, account_id=account_id, lifetime_s=self._settings.session_lifetime_s
        )
        return await self._issue(session, account_id, handle, session_id)

    async def _issue(
        self, session: AsyncSession, account_id: UUID, handle: str, session_id: UUID, *, parent: bytes | None = None
    ) -> TokenPair:
        refresh_token = new_refresh_token()
        await repository.add_token(
            session, digest=digest_of(refresh_token), session_id=session_id, parent_digest=parent
        )
        access_token = self._access_tokens.issue(account_id=account_id, handle=handle, session_id=session_id)
        return TokenPair(
            access_token=access_token, refresh_token=refresh_token, expires_in=self._access_tokens.lifetime_s
        )
