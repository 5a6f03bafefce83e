"""What the user service does: profiles read through the cache, changed and removed by their owner.

Contract: a public read returns the encoded answer, because that is what the cache keeps and the wire carries; every
write forgets it after its commit, so that whoever changes a profile reads the change.
"""

from sqlalchemy.ext.asyncio import AsyncSession

from services.common.cache import Cache
from services.common.database import Database
from services.common.security import Principal
from services.user import repository
from services.user.errors import HandleTakenError, ProfileNotFoundError
from services.user.schemas import OwnProfile, Profile, ProfileChanges

_CACHE = "profile"


class UserService:
    """Profiles of one database, read through one cache."""

    def __init__(self, *, database: Database, cache: Cache, cache_ttl_s: int) -> None:
        self._database = database
        self._cache = cache
        self._ttl_s = cache_ttl_s

    async def read_public(self, handle: str) -> bytes:
        """Return the public profile with this handle as JSON.

        Raises:
            ProfileNotFoundError: there is none.
        """
        handle = handle.lower()

        async def load() -> bytes | None:
            async with self._database.reader() as connection:
                row = await repository.find_by_handle(connection, handle)
            return None if row is None else Profile.model_validate(row).model_dump_json().encode()

        document = await self._cache.get_or_load(_CACHE, handle, load, ttl_s=self._ttl_s)
        if document is None:
            raise ProfileNotFoundError
        return document

    async def read_own(self, principal: Principal) -> OwnProfile:
        """Return the caller's profile; the first call creates it.

        Raises:
            ProfileNotFoundError: the account is deleted.
            HandleTakenError: another account's profile has the handle.
        """
        async with self._database.session() as session:
            row = await repository.find_by_account(session, principal.account_id)
            if row is None:
                created = await repository.create_if_absent(
                    session, account_id=principal.account_id, handle=principal.handle
                )
                await session.commit()
                row = await repository.find_by_account(session, principal.account_id)
                if row is None:
                    deleted = await repository.is_deleted(session, principal.account_id)
                    raise ProfileNotFoundError if deleted else HandleTakenError
                if created:
                    await self._cache.invalidate(_CACHE, principal.handle)
            return OwnProfile.model_validate(row)

    async def change_own(self, principal: Principal, changes: ProfileChanges) -> OwnProfile:
        """Change the caller's profile and return it; errors as for `read_own`."""
        await self.read_own(principal)
        async with self._database.session() as session:
            row = await repository.change(session, principal.account_id, changes.named())
            await self._commit(session, principal)
        if row is None:
            raise ProfileNotFoundError
        return OwnProfile.model_validate(row)

    async def remove_own(self, principal: Principal) -> None:
        """Remove the caller's profile for good; repeating it changes nothing."""
        async with self._database.session() as session:
            await repository.remove(session, principal.account_id)
            await self._commit(session, principal)

    async def _commit(self, session: AsyncSession, principal: Principal) -> None:
        """Commit, then forget the cached profile; also when the commit failed, because it may have happened."""
        try:
            await session.commit()
        finally:
            await self._cache.invalidate(_CACHE, principal.handle)
