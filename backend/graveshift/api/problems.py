"""How an error becomes an answer: RFC 9457 problems with a stable code, and nothing of our insides."""

from typing import Any
from uuid import uuid4

import msgspec
import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException

from graveshift import errors
from graveshift.errors import GraveshiftError
from graveshift.wire.problem import Problem

MEDIA_TYPE = "application/problem+json"
BY_STATUS: dict[int, type[GraveshiftError]] = {
    400: errors.Invalid,
    404: errors.NotFound,
    405: errors.MethodNotAllowed,
    413: errors.TooLarge,
    415: errors.UnsupportedMediaType,
}

log = structlog.get_logger(__name__)


def answer(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """The response to a request that raised `error`; what is our fault is logged under the id that the caller sees."""
    known = ours(error)
    id = uuid4().hex
    if known.status >= 500:
        log.error(
            "request_failed", id=id, method=request.method, path=request.url.path, code=known.code, exc_info=error
        )
    headers = _headers(error, known)
    content = msgspec.json.encode(problem(known, id))
    return Response(content, status_code=known.status, media_type=MEDIA_TYPE, headers=headers)


def ours(error: Exception) -> GraveshiftError:
    """The same error in our words; whatever is not foreseen is `internal`."""
    if isinstance(error, GraveshiftError):
        return error
    if isinstance(error, HTTPException) and error.status_code in BY_STATUS:
        return BY_STATUS[error.status_code]()
    return GraveshiftError()


def problem(error: GraveshiftError, id: str) -> Problem:
    """What crosses the wire. A failure of ours carries the id it is logged under instead of a detail."""
    failed = error.status >= 500
    return Problem(
        type=f"urn:graveshift:problem:{error.code}",
        title=(type(error).__doc__ or "").strip(),
        status=error.status,
        code=error.code,
        detail="" if failed else error.detail,
        extra={"id": id} if failed else dict(error.extra),
    )


def _headers(error: Exception, known: GraveshiftError) -> dict[str, str]:
    headers = dict(error.headers or {}) if isinstance(error, HTTPException) else {}
    if known.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    if known.status == 413:
        headers["Connection"] = "close"
    if known.status == 503:
        headers["Retry-After"] = "1"
    return headers
