"""Wait for something to become true, instead of sleeping and hoping."""

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar, overload

T = TypeVar("T")
PAUSE = 0.02


@overload
async def until(predicate: Callable[[], Coroutine[Any, Any, T]], *, within: float = ..., what: str = ...) -> T: ...


@overload
async def until(predicate: Callable[[], T], *, within: float = ..., what: str = ...) -> T: ...


async def until(predicate: Callable[[], T | Awaitable[T]], *, within: float = 10.0, what: str = "") -> T:
    """Call the predicate (plain or async) until it is truthy and return that; AssertionError after `within` s."""
    deadline = time.monotonic() + within
    while True:
        found = predicate()
        value = await found if inspect.isawaitable(found) else found
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not true within {within} s: {what or predicate}; last seen {value!r}")
        await asyncio.sleep(PAUSE)


def until_now(predicate: Callable[[], T], *, within: float = 10.0, what: str = "") -> T:
    """The same for tests without an event loop."""
    deadline = time.monotonic() + within
    while not (value := predicate()):
        if time.monotonic() > deadline:
            raise AssertionError(f"not true within {within} s: {what or predicate}; last seen {value!r}")
        time.sleep(PAUSE)
    return value
