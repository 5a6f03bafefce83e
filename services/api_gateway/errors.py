"""Errors that the gateway adds to the common ones, or documents for the services behind it.

HeadersTooLargeError       431  the request's headers exceed the limits
PreconditionFailedError    412  documented only: a service answers it, with a `type` of its own
"""

from services.common.errors import ProblemError


class HeadersTooLargeError(ProblemError):
    """The headers of the request exceed the limits."""

    status = 431
    slug = "headers-too-large"
    title = "The request's headers are too large"


class PreconditionFailedError(ProblemError):
    """If-Match names another version than the stored one."""

    status = 412
    slug = "precondition-failed"
    title = "The resource has changed since it was read"
