"""Request bodies: limited, UTF-8, strictly typed, and with payloads kept byte for byte."""

import re
from secrets import token_hex
from typing import Any, TypeVar

import msgspec
from litestar import Request
from msgspec import Raw, Struct

from graveshift.errors import Invalid, UnsupportedMediaType
from graveshift.wire.jobs import NewJob, NewJobs
from graveshift.wire.refusals import refusal

T = TypeVar("T")
ESCAPE = re.compile(
    rb"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\(u[dD][89a-fA-F][0-9a-fA-F]{2})|\\."
)


class Shape(Struct, frozen=True):
    """Enough of a body to tell one job from several."""

    jobs: Raw = Raw()


async def take(request: Request[Any, Any, Any]) -> bytes:
    """The whole body. Raises UnsupportedMediaType; Litestar refuses one over the limit, by length or while it comes."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise UnsupportedMediaType(f"it is {media_type or 'not said'}")
    return await request.body()


def read(body: bytes, shape: type[T]) -> T:
    """Raises Invalid naming the field."""
    try:
        body.decode()
        value = msgspec.json.decode(body, type=shape)
    except UnicodeDecodeError as error:
        raise Invalid("the body is not UTF-8") from error
    except RecursionError as error:
        raise Invalid("the body is nested too deeply") from error
    except msgspec.DecodeError as error:
        raise Invalid(refusal(error)) from error
    if _has_nul(msgspec.to_builtins(value, enc_hook=lambda raw: None, builtin_types=(Raw,))):
        raise Invalid("a text holds U+0000")
    return value


def read_jobs(body: bytes) -> NewJobs:
    """One job or `{"jobs": [...]}`. A payload may hold any JSON, lone surrogates and U+0000 among it."""
    masked, mask = _mask(body)
    shape = read(masked, Shape)
    jobs = read(masked, NewJobs) if bytes(shape.jobs) else NewJobs([read(masked, NewJob)])
    return jobs if mask is None else NewJobs([_unmask(job, mask) for job in jobs.jobs])


def _mask(body: bytes) -> tuple[bytes, bytes | None]:
    """The body with lone surrogates hidden behind a text that occurs nowhere in it: our decoder refuses them."""
    if not any(match[1] for match in ESCAPE.finditer(body)):
        return body, None
    mask = token_hex(16).encode()
    return ESCAPE.sub(lambda match: mask + match[1] if match[1] else match[0], body), mask


def _unmask(job: NewJob, mask: bytes) -> NewJob:
    payload = Raw(bytes(job.payload).replace(mask, b"\\"))
    if mask.decode() in f"{job.queue}{job.kind}{job.unique_key}{job.trace_id}":
        raise Invalid("a text outside the payload holds a lone surrogate")
    return msgspec.structs.replace(job, payload=payload)


def _has_nul(value: Any) -> bool:
    match value:
        case str():
            return "\x00" in value
        case list() | tuple():
            return any(_has_nul(one) for one in value)
        case dict():
            return any("\x00" in str(key) or _has_nul(one) for key, one in value.items())
        case _:
            return False
