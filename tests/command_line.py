"""The command line as a process, on a small backend."""

import os
import subprocess
import sys

from tests.small_backend import TOKEN, SmallBackend


def graveshift(backend: SmallBackend, *argv: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Run it, without a terminal, on the small backend's Unix socket."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith("GRAVESHIFT_")}
    place = {"GRAVESHIFT_URL": backend.unix_url, "GRAVESHIFT_TOKEN": TOKEN, "XDG_CONFIG_HOME": "/nonexistent"}
    command = [sys.executable, "-m", "graveshift_tui", *argv]
    environ = {**plain, **place, "PYTHONIOENCODING": "utf-8", **env}
    return subprocess.run(
        command,
        capture_output=True,
        text=True,
        encoding=environ["PYTHONIOENCODING"],
        env=environ,
        stdin=subprocess.DEVNULL,
        check=False,
    )
