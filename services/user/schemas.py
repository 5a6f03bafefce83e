"""What the user service's API takes and gives."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from services.common.text import Storable

DisplayName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80), Storable]
Bio = Annotated[str, StringConstraints(strip_whitespace=True, max_length=500), Storable]
# Wider than what can be registered: an impossible handle is simply not found.
Handle = Annotated[str, StringConstraints(min_length=1, max_length=64), Storable]


class Profile(BaseModel):
    """What everybody may see of a user."""

    model_config = ConfigDict(from_attributes=True)

    handle: str
    display_name: str
    bio: str
    created_at: datetime


class OwnProfile(Profile):
    """What users see of themselves."""

    account_id: UUID
    updated_at: datetime


class ProfileChanges(BaseModel):
    """The fields to change; what is absent stays."""

    model_config = ConfigDict(extra="forbid")

    display_name: DisplayName = Field(default="", validate_default=False)
    bio: Bio = Field(default="")

    @model_validator(mode="after")
    def _refuse_nothing(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("name at least one field: display_name, bio")
        return self

    def named(self) -> dict[str, str]:
        """Return the fields that the request named."""
        return self.model_dump(exclude_unset=True)
