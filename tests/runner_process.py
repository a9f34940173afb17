"""A backend's runner alone in a process, for tests that kill it: python -m tests.runner_process URL FOLDER LEASE_S."""

import asyncio
import sys
from pathlib import Path

from graveshift.store.engine import create_engine
from tests.front import Front


async def main(url: str, folder: str, lease_s: str) -> None:
    """Until it is killed."""
    front = Front(create_engine(url), Path(folder))
    await front.runner(lease_s=float(lease_s)).run_forever(asyncio.Event())


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
