"""A folder for a demo's data that its server's account may enter, gone afterwards."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from graveshift import embedded


@contextmanager
def empty_home() -> Iterator[Path]:
    """Empty now; whatever runs in it is stopped at the end."""
    home = embedded.temporary_home("graveshift-journey-")
    try:
        yield home
    finally:
        embedded.stop(home)
        shutil.rmtree(home, ignore_errors=True)
