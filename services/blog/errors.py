"""What can go wrong with posts, as problems that a caller sees (the tree of bases: `services.common.errors`).

PostNotFoundError            404  there is no post with this id
NotYourPostError             403  the post belongs to somebody else
PostChangedError             412  If-Match names another version than the stored one
IdempotencyKeyReusedError    422  the key was used before, for another request
InvalidCursorError           422  the cursor was not made by this service
"""

from services.common.errors import FieldError, ForbiddenError, NotFoundError, ProblemError, ValidationFailedError


class PostNotFoundError(NotFoundError):
    """There is no post with this id."""

    slug = "post-not-found"
    title = "Post not found"


class NotYourPostError(ForbiddenError):
    """The post belongs to somebody else."""

    slug = "not-your-post"
    title = "Only its author may change a post"


class PostChangedError(ProblemError):
    """The post is no longer the version that If-Match names; read it again."""

    status = 412
    slug = "post-changed"
    title = "The post has changed since it was read"


class IdempotencyKeyReusedError(ProblemError):
    """The key belongs to an earlier request with another body."""

    status = 422
    slug = "idempotency-key-reused"
    title = "The idempotency key was used for another request"


class InvalidCursorError(ValidationFailedError):
    """The cursor was not made by this service."""

    def __init__(self) -> None:
        super().__init__(errors=[FieldError(pointer="/query/cursor", detail="Not a cursor of this list")])
