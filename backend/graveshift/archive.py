"""The port to where backups lie."""

from collections.abc import AsyncIterator
from typing import Protocol

from msgspec import Struct


class Stored(Struct, frozen=True):
    """A file in an archive: `location` is for people and for `read`; `sha256` is hex."""

    location: str
    size_bytes: int
    sha256: str


class Archive(Protocol):
    """A file appears whole or not at all; what a killed writer left behind is swept away by `tidy`."""

    async def free_bytes(self) -> int | None:
        """Room left, None where the archive cannot say."""

    async def write(self, name: str, content: AsyncIterator[bytes]) -> Stored:
        """Stream to a temporary name, hash, fsync, rename, fsync the folder. Raises NoSpace and leaves no litter.

        A file of that name is replaced, so a step that writes may be repeated.
        """

    def read(self, location: str) -> AsyncIterator[bytes]:
        """The file in blocks, from its start. Raises NotFound."""

    async def remove(self, location: str) -> None:
        """Remove the file; one that is gone already is fine."""

    async def tidy(self) -> int:
        """Remove unfinished files that no living writer owns; returns how many."""
