"""The profile that belongs to an account, in the user service, always called as the user."""

import json
import logging

from services.common.errors import ProblemError, UnavailableError
from services.common.http_client import HttpClient

_logger = logging.getLogger(__name__)
# Registering waits this long for the profile at most; its owner's first use creates it otherwise.
_CREATE_TIMEOUT_S = 1.0


class Profiles:
    """Creates and deletes profiles in the user service."""

    def __init__(self, http: HttpClient, *, user_url: str) -> None:
        self._http = http
        self._url = f"{user_url.rstrip('/')}/v1/users/me"

    async def create(self, access_token: str, *, display_name: str | None) -> None:
        """Have the profile created; a failure is logged and harmless, since the first use creates it too."""
        headers = {"authorization": f"Bearer {access_token}"}
        try:
            if display_name is None:
                response = await self._http.request("GET", self._url, headers=headers, timeout_s=_CREATE_TIMEOUT_S)
            else:
                body = json.dumps({"display_name": display_name}).encode()
                headers["content-type"] = "application/json"
                response = await self._http.request(
                    "PATCH", self._url, headers=headers, body=body, timeout_s=_CREATE_TIMEOUT_S
                )
        except ProblemError as error:
            _logger.warning("the profile is not created yet", extra={"reason": error.slug})
            return
        if response.status != 200:  # noqa: PLR2004 - HTTP OK
            _logger.warning("the profile is not created yet", extra={"reason": str(response.status)})

    async def delete(self, access_token: str) -> None:
        """Delete the profile.

        Raises:
            UnavailableError: the user service did not do it; nothing else has been deleted.
        """
        headers = {"authorization": f"Bearer {access_token}"}
        response = await self._http.request("DELETE", self._url, headers=headers)
        if response.status != 204:  # noqa: PLR2004 - HTTP No Content
            raise UnavailableError("The profile cannot be deleted at the moment.", retry_after_s=1)
