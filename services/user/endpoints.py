"""HTTP endpoints of the user service: parse, call the service, return."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from services.common.errors import UnauthenticatedError, ValidationFailedError, error_responses
from services.common.security import Authenticated
from services.user.errors import HandleTakenError, ProfileNotFoundError
from services.user.schemas import Handle, OwnProfile, Profile, ProfileChanges
from services.user.service import UserService

router = APIRouter(prefix="/v1/users", tags=["users"])


def _service(request: Request) -> UserService:
    service: UserService = request.app.state.users
    return service


Users = Annotated[UserService, Depends(_service)]


@router.get("/me", responses=error_responses(UnauthenticatedError, ProfileNotFoundError, HandleTakenError))
async def read_me(principal: Authenticated, users: Users) -> OwnProfile:
    """Return your own profile."""
    return await users.read_own(principal)


@router.patch(
    "/me",
    responses=error_responses(UnauthenticatedError, ProfileNotFoundError, HandleTakenError, ValidationFailedError),
)
async def change_me(principal: Authenticated, changes: ProfileChanges, users: Users) -> OwnProfile:
    """Change your display name or bio."""
    return await users.change_own(principal, changes)


@router.delete("/me", status_code=204, responses=error_responses(UnauthenticatedError))
async def delete_me(principal: Authenticated, users: Users) -> None:
    """Delete your profile for good."""
    await users.remove_own(principal)


@router.get("/{handle}", response_model=Profile, responses=error_responses(ProfileNotFoundError, ValidationFailedError))
async def read_profile(handle: Handle, users: Users) -> Response:
    """Return the public profile of a user."""
    return Response(await users.read_public(handle), media_type="application/json")
