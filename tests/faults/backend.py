"""A backend process that can be killed without a warning, and started again on the same database."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path

CONFIG = """
desk: {{lease_s: {lease_s}, chunk: {chunk}, undo_window_s: 0}}
environment: {{name: TEST}}
"""


class Backend:
    """`graveshift serve` on a database; its state lies in `folder`."""

    def __init__(
        self, url: str, folder: Path, *, lease_s: float = 3, chunk: int = 250, extra: Mapping[str, str] | None = None
    ) -> None:
        self._folder = folder
        config = folder / "graveshift.yaml"
        config.write_text(CONFIG.format(lease_s=lease_s, chunk=chunk))
        self._env = {
            **os.environ,
            "GRAVESHIFT_DATABASE_URL": url,
            "GRAVESHIFT_CONFIG": str(config),
            "XDG_STATE_HOME": str(folder),
            **(extra or {}),
        }
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Start it; it takes up what it finds."""
        with (self._folder / "backend.log").open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "graveshift", "serve", "--uds", str(self._folder / "api.sock")),
                env=self._env,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    async def kill(self) -> None:
        """SIGKILL, at once, to the whole session of it."""
        if self._process and self._process.returncode is None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            await self._process.wait()

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def socket(self) -> Path:
        """Where its API listens."""
        return self._folder / "api.sock"

    @property
    def is_alive(self) -> bool:
        """Whether the process is there at all."""
        return self._process is not None and self._process.returncode is None

    @property
    def said(self) -> str:
        """The last it wrote, for people who ask why."""
        return (self._folder / "backend.log").read_text(errors="replace")[-2000:]


@asynccontextmanager
async def backend(
    url: str, folder: Path, *, lease_s: float = 3, chunk: int = 250, extra: Mapping[str, str] | None = None
) -> AsyncIterator[Backend]:
    """A backend that runs, and does not outlive the block."""
    process = Backend(url, folder, lease_s=lease_s, chunk=chunk, extra=extra)
    await process.start()
    try:
        yield process
    finally:
        await process.kill()
