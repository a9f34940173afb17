"""The command line as a process, on a small backend or on any."""

import os
import subprocess
import sys

from tests.small_backend import TOKEN, SmallBackend


def graveshift(backend: SmallBackend, *argv: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Run it, without a terminal, on the small backend's Unix socket."""
    return graveshift_at(backend.unix_url, TOKEN, *argv, **env)


def graveshift_at(url: str, token: str, *argv: str, typed: str = "", **env: str) -> subprocess.CompletedProcess[str]:
    """The same on any backend; `typed` is what comes down the pipe."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith("GRAVESHIFT_")}
    place = {"GRAVESHIFT_URL": url, "GRAVESHIFT_TOKEN": token, "XDG_CONFIG_HOME": "/nonexistent"}
    command = [sys.executable, "-m", "graveshift_tui", *argv]
    environ = {**plain, **place, "PYTHONIOENCODING": "utf-8", **env}
    return subprocess.run(
        command,
        capture_output=True,
        text=True,
        encoding=environ["PYTHONIOENCODING"],
        env=environ,
        input=typed,
        check=False,
    )
