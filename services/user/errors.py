"""What the user service can refuse, on top of the common errors."""

from services.common.errors import ConflictError, NotFoundError


class ProfileNotFoundError(NotFoundError):
    """No profile has this handle, or the caller's account is deleted."""

    slug = "profile-not-found"
    title = "There is no such user"


class HandleTakenError(ConflictError):
    """Another account's profile has the token's handle; only a repaired database can get here."""

    slug = "handle-taken"
    title = "The handle belongs to another account"
