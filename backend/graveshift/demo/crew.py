"""The demo's workers: real processes, started again when a job takes one down."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Mapping

RESTART_S = 0.5
PATIENCE_S = 4.0


class Crew:
    """`size` worker processes. They end when this process does, however it ends: each watches its standard input."""

    def __init__(self, size: int, environ: Mapping[str, str], log: int) -> None:
        self._size = size
        self._environ = {**os.environ, **environ}
        self._log = log
        self._processes: set[Process] = set()

    async def work(self) -> None:
        """Keep the workers up until cancelled, then stop them."""
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(self._size):
                    group.create_task(self._keep_up())
        finally:
            await asyncio.shield(self._stop())

    async def _keep_up(self) -> None:
        while True:
            process = await self._start()
            await process.wait()
            self._processes.discard(process)
            await asyncio.sleep(RESTART_S)

    async def _start(self) -> Process:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "graveshift", "worker", "--handlers", "graveshift.demo.handlers:HANDLERS"),
            *("--concurrency", "8", "--with-parent"),
            stdin=PIPE,
            stdout=self._log,
            stderr=self._log,
            env=self._environ,
            start_new_session=True,
        )
        self._processes.add(process)
        return process

    async def _stop(self) -> None:
        for process in self._processes:
            if process.returncode is None:
                process.send_signal(signal.SIGTERM)
        waits = [asyncio.create_task(process.wait()) for process in self._processes]
        if waits:
            await asyncio.wait(waits, timeout=PATIENCE_S)
        for process in self._processes:
            if process.returncode is None:
                process.kill()
                await process.wait()
