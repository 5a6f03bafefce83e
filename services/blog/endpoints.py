"""The blog's HTTP interface: parse, call the service, answer. Reads send the encoded bytes as they are."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Query, Request, Response, status

from services.blog.errors import (
    IdempotencyKeyReusedError,
    InvalidCursorError,
    NotYourPostError,
    PostChangedError,
    PostNotFoundError,
)
from services.blog.schemas import HANDLE_PATTERN, TAG_PATTERN, Post, PostChanges, PostDraft, PostPage, TagList
from services.blog.service import BlogService, Document
from services.common.errors import (
    MalformedRequestError,
    PayloadTooLargeError,
    UnauthenticatedError,
    ValidationFailedError,
    error_responses,
)
from services.common.security import Authenticated

JSON = "application/json"

router = APIRouter(prefix="/v1", tags=["blog"])

IfMatch = Annotated[str | None, Header(max_length=200, description="Change the post only if it has this ETag.")]
IfNoneMatch = Annotated[str | None, Header(max_length=200, description="Answer 304 if the post has this ETag.")]
IdempotencyKey = Annotated[
    str | None,
    Header(
        pattern=r"^[\x21-\x7e]{1,255}$", description="A repetition with the same key and body gets the first answer."
    ),
]


def get_blog(request: Request) -> BlogService:
    """FastAPI dependency: the blog of this application."""
    blog: BlogService = request.app.state.blog
    return blog


Blog = Annotated[BlogService, Depends(get_blog)]

_NOT_MODIFIED: dict[int | str, dict[str, Any]] = {304: {"description": "The post still has the ETag of If-None-Match."}}
_BODY_ERRORS = (MalformedRequestError, PayloadTooLargeError, ValidationFailedError, UnauthenticatedError)
_OWN_POST_ERRORS = (NotYourPostError, PostNotFoundError, PostChangedError)


@router.get(
    "/posts", response_model=PostPage, responses=error_responses(InvalidCursorError), summary="List posts, newest first"
)
async def list_posts(
    blog: Blog,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    author: Annotated[str | None, Query(pattern=HANDLE_PATTERN, description="The author's handle.")] = None,
    tag: Annotated[str | None, Query(pattern=TAG_PATTERN)] = None,
    cursor: Annotated[str | None, Query(max_length=64, description="`next_cursor` of the page before.")] = None,
) -> Response:
    """One page; follow `next_cursor` until it is null. Posts published meanwhile do not shift the pages."""
    return Response(await blog.list_posts(limit=limit, author=author, tag=tag, cursor=cursor), media_type=JSON)


@router.get(
    "/posts/{post_id}",
    response_model=Post,
    responses={**_NOT_MODIFIED, **error_responses(PostNotFoundError, ValidationFailedError)},
    summary="Read a post",
)
async def read_post(blog: Blog, post_id: UUID, if_none_match: IfNoneMatch = None) -> Response:
    """The whole post, with its version as ETag."""
    document = await blog.read_post(post_id)
    if if_none_match is not None and document.etag in if_none_match:
        return Response(status_code=status.HTTP_304_NOT_MODIFIED, headers={"etag": document.etag})
    return _answer(document)


@router.post(
    "/posts",
    response_model=Post,
    status_code=status.HTTP_201_CREATED,
    responses=error_responses(*_BODY_ERRORS, IdempotencyKeyReusedError),
    summary="Publish a post",
)
async def create_post(
    blog: Blog, principal: Authenticated, draft: PostDraft, idempotency_key: IdempotencyKey = None
) -> Response:
    """Publish under the caller's name; with an Idempotency-Key, exactly once."""
    document, replayed = await blog.create_post(principal=principal, draft=draft, idempotency_key=idempotency_key)
    answer = _answer(document, status_code=status.HTTP_201_CREATED)
    answer.headers["location"] = f"/v1/posts/{document.post_id}"
    if replayed:
        answer.headers["idempotency-replayed"] = "true"
    return answer


@router.patch(
    "/posts/{post_id}",
    response_model=Post,
    responses=error_responses(*_BODY_ERRORS, *_OWN_POST_ERRORS),
    summary="Edit an own post",
)
async def edit_post(
    blog: Blog, principal: Authenticated, post_id: UUID, changes: PostChanges, if_match: IfMatch = None
) -> Response:
    """Replace the fields that are named; with If-Match, only if nobody changed the post meanwhile."""
    return _answer(await blog.edit_post(principal=principal, post_id=post_id, changes=changes, if_match=if_match))


@router.delete(
    "/posts/{post_id}",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=error_responses(UnauthenticatedError, ValidationFailedError, *_OWN_POST_ERRORS),
    summary="Delete an own post",
)
async def delete_post(blog: Blog, principal: Authenticated, post_id: UUID, if_match: IfMatch = None) -> None:
    """Delete for good; with If-Match, only if nobody changed the post meanwhile."""
    await blog.delete_post(principal=principal, post_id=post_id, if_match=if_match)


@router.get("/tags", response_model=TagList, summary="List tags")
async def list_tags(blog: Blog) -> Response:
    """The tags in use with their number of posts, the commonest first."""
    return Response(await blog.list_tags(), media_type=JSON)


def _answer(document: Document, *, status_code: int = status.HTTP_200_OK) -> Response:
    return Response(document.body, status_code=status_code, media_type=JSON, headers={"etag": document.etag})
