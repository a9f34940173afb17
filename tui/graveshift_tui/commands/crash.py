"""What is left of a console that broke: one line on standard error, and a traceback without values in a file."""

import os
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from traceback import format_exception
from warnings import simplefilter


def report(error: BaseException, env: Mapping[str, str]) -> int:
    """Says that the console broke and where to read more; the exit code.

    The file holds no local variables: they would hold tokens and payloads.
    """
    simplefilter("ignore")
    try:
        told = f"the traceback is in {_keep(error, _folder(env))}"
    except OSError as why:
        told = f"the traceback could not be kept: {why.strerror}"
    print(f"graveshift: the console broke ({type(error).__name__}); {told}; runs go on", file=sys.stderr)
    return 1


def _folder(env: Mapping[str, str]) -> Path:
    """The reader's own state folder, also for root: nobody else may write there."""
    base = env.get("XDG_STATE_HOME") or Path(env.get("HOME") or "/nonexistent") / ".local" / "state"
    return Path(base) / "graveshift"


def _keep(error: BaseException, folder: Path) -> Path:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / f"console-{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{os.getpid()}.log"
    opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with open(opened, "w", encoding="utf-8", errors="backslashreplace") as file:  # noqa: PTH123 - a descriptor
        file.writelines(format_exception(error))
    return path
