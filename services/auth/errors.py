"""What the auth service can refuse, on top of the common errors."""

from services.common.errors import ConflictError, UnauthenticatedError, UnavailableError


class AccountExistsError(ConflictError):
    """The e-mail address or the handle belongs to somebody; which of them is not said."""

    slug = "account-exists"
    title = "The e-mail address or the handle is taken"


class InvalidCredentialsError(UnauthenticatedError):
    """The e-mail address is unknown or the password is wrong; which of them is not said."""

    slug = "invalid-credentials"
    title = "E-mail address or password is wrong"


class InvalidRefreshTokenError(UnauthenticatedError):
    """The refresh token is unknown, or its session is over."""

    slug = "invalid-refresh-token"
    title = "The refresh token is not valid"


class RefreshTokenReusedError(UnauthenticatedError):
    """A refresh token came a second time: somebody else may have it, so its whole session is over."""

    slug = "refresh-token-reused"
    title = "The refresh token was used before; the session is over"


class HashingSaturatedError(UnavailableError):
    """More logins are under way than password hashing can take; trying again soon helps."""

    slug = "login-saturated"
    title = "Too many logins at the moment"
