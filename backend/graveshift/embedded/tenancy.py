"""A server shared by several processes, stopped by the last one that leaves."""

import os
from pathlib import Path
from types import TracebackType
from typing import Self

from .locking import open_lock, try_lock, wait_for_lock
from .server import Server, Wish, prepare, start, stop


class Lease:
    """The right to find the server running; `release` stops it when nobody else holds one.

    A process that dies gives its lease back: the lock it held goes with it.
    """

    def __init__(self, server: Server, bin_dir: Path | None, descriptor: int) -> None:
        self.server = server
        self._bin_dir = bin_dir
        self._descriptor: int | None = descriptor

    def release(self) -> bool:
        """Whether this stopped the server. Releasing twice does nothing."""
        if self._descriptor is None:
            return False
        descriptor, self._descriptor = self._descriptor, None
        try:
            return try_lock(descriptor) and stop(self.server.home, self._bin_dir)
        finally:
            os.close(descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def lease(wish: Wish) -> Lease:
    """Start or adopt the server and keep it up until `release`; blocks, so call it from a thread."""
    layout, _ = prepare(wish.home)
    descriptor = open_lock(layout.tenants)
    try:
        wait_for_lock(descriptor, layout.tenants, shared=True)
        return Lease(start(wish), wish.bin_dir, descriptor)
    except BaseException:
        os.close(descriptor)
        raise
