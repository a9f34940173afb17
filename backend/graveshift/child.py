"""A program as one end of a stream: read what it writes or write what it reads, and hear its complaint."""

import asyncio
import contextlib
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

from graveshift.errors import BackupFailed

T = TypeVar("T")
BLOCK = 1024 * 1024
COMPLAINT = 2000


async def pour(command: Sequence[str], environment: Mapping[str, str]) -> AsyncIterator[bytes]:
    """What the program writes, in blocks. Raises BackupFailed with its complaint when it fails."""
    async with started(command, environment, stdin=DEVNULL, stdout=PIPE) as (process, complaint):
        output = _piped(process.stdout)
        while block := await output.read(BLOCK):
            yield block
        await _judge(process, complaint, command)


async def feed(command: Sequence[str], environment: Mapping[str, str], blocks: AsyncIterator[bytes]) -> None:
    """Let the program read the blocks. Raises BackupFailed with its complaint when it fails."""
    async with started(command, environment, stdin=PIPE, stdout=DEVNULL) as (process, complaint):
        pipe = _piped(process.stdin)
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            async for block in blocks:
                pipe.write(block)
                await pipe.drain()
            pipe.close()
            await pipe.wait_closed()
        await _judge(process, complaint, command)


@asynccontextmanager
async def started(
    command: Sequence[str], environment: Mapping[str, str], *, stdin: int, stdout: int
) -> AsyncIterator[tuple[Process, "asyncio.Task[bytes]"]]:
    """The running program and its complaint to come. It never outlives the block; it ignores a terminal's ctrl+C."""
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            env=environment,
            stdin=stdin,
            stdout=stdout,
            stderr=PIPE,
            limit=BLOCK,
            cwd="/",
            start_new_session=True,
        )
    except OSError as error:
        raise BackupFailed(f"{command[0]}: {error.strerror}") from None
    complaint = asyncio.create_task(_tail(_piped(process.stderr)))
    try:
        yield process, complaint
    finally:
        with contextlib.suppress(ProcessLookupError):
            if process.returncode is None:
                process.kill()
        await asyncio.shield(process.wait())
        complaint.cancel()


def _piped(stream: T | None) -> T:
    """The end of a pipe that was asked for."""
    if stream is None:
        raise BackupFailed("the program was started without a pipe")
    return stream


async def _tail(stream: asyncio.StreamReader) -> bytes:
    """The end of what it said; all of it is read, so that it never blocks on saying it."""
    said = b""
    while block := await stream.read(COMPLAINT):
        said = (said + block)[-COMPLAINT:]
    return said


async def _judge(process: Process, complaint: "asyncio.Task[bytes]", command: Sequence[str]) -> None:
    said = (await complaint).decode(errors="replace").strip()
    code = await process.wait()
    if code != 0:
        raise BackupFailed(f"{Path(command[0]).name} ended with {code}: {said or 'it said nothing'}")
