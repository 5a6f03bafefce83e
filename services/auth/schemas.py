"""What the auth service's API takes and gives."""

from typing import Annotated, Any, Literal

from email_validator import EmailNotValidError, validate_email
from pydantic import AfterValidator, BaseModel, ConfigDict, EmailStr, Field, SecretStr, StringConstraints

from services.common.text import Storable


def _one_address(value: str) -> str:
    """Return the one spelling of an address that registration and login share.

    What cannot be an address is left as it is: at login it is only unknown.
    """
    try:
        return validate_email(value.strip(), check_deliverability=False).normalized.lower()
    except EmailNotValidError:
        return value.strip().lower()


Email = Annotated[EmailStr, AfterValidator(_one_address)]
# Lower case only, so that two handles never look the same; three characters keep /v1/users/me apart from users.
Handle = Annotated[
    str, StringConstraints(strip_whitespace=True, to_lower=True, pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{2,29}$")
]
DisplayName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80), Storable]
# ASVS 5.0, 6.2.1: at least 8 characters; at most 128, so that a password cannot be used to make hashing slow.
NewPassword = Annotated[SecretStr, Field(min_length=8, max_length=128)]


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Registration(_Request):
    """A new account."""

    email: Email
    handle: Handle
    password: NewPassword
    display_name: DisplayName | None = None


class Credentials(_Request):
    """Who logs in."""

    email: Annotated[str, StringConstraints(min_length=1, max_length=320), Storable, AfterValidator(_one_address)]
    password: Annotated[SecretStr, Field(min_length=1, max_length=128)]


class RefreshRequest(_Request):
    """A refresh token, to be traded or thrown away."""

    refresh_token: Annotated[SecretStr, Field(min_length=1, max_length=128)]


class TokenPair(BaseModel):
    """An access token for the other requests and a refresh token that works once."""

    access_token: str
    refresh_token: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 - a scheme, not a secret
    expires_in: int = Field(description="Seconds until the access token expires.")


class KeySetDocument(BaseModel):
    """The public keys that verify access tokens (RFC 7517)."""

    keys: list[dict[str, Any]]
