"""Break things on purpose, heal them, and count what was lost: `python -m tests.faults [--seeds N] [--only F17]`."""

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from graveshift import embedded, migrations
from tests.faults.killed_backend import killed_backend

Fault = Callable[[str, Path, int], Coroutine[None, None, None]]

# A fault gets the URL of a fresh migrated database, a folder of its own and a seed, and raises where it found a flaw.
FAULTS: dict[str, tuple[str, Fault]] = {
    "F17": ("backend killed in the middle of a requeue", killed_backend),
}


def main(argv: list[str]) -> int:
    """The exit code: 0 where every fault passed with every seed."""
    arguments = _parser().parse_args(argv)
    names = arguments.only.upper().split(",") if arguments.only else list(FAULTS)
    if unknown := [name for name in names if name not in FAULTS]:
        print(f"there is no fault {', '.join(unknown)}; there are {', '.join(FAULTS)}", file=sys.stderr)
        return 2
    seeds = [arguments.seed] if arguments.seed is not None else list(range(1, arguments.seeds + 1))
    with _server() as server:
        results = [_passes(server, name, seed) for name in names for seed in seeds]
    print(f"{sum(results)} passed, {len(results) - sum(results)} failed")
    return 0 if all(results) else 1


def _passes(server: embedded.Server, name: str, seed: int) -> bool:
    title, fault = FAULTS[name]
    began = time.monotonic()
    failure = ""
    with tempfile.TemporaryDirectory(prefix="gs-fault-") as folder:
        try:
            asyncio.run(fault(_database(server, f"{name.lower()}_{seed}"), Path(folder), seed))
        except Exception as error:
            failure = f"{type(error).__name__}: {error}"
    state = "FAIL" if failure else "pass"
    print(f"{state}  {name}  seed {seed}  {time.monotonic() - began:6.1f} s  {title}  {failure}", flush=True)
    return not failure


@contextmanager
def _server() -> Iterator[embedded.Server]:
    """A private server that keeps what it acknowledged, and is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="gs-faults-") as home:
        Path(home).chmod(0o755)  # as root the server runs as somebody else
        place = Path(home) / "server"
        server = embedded.start(embedded.Wish(home=place))
        try:
            yield server
        finally:
            embedded.stop(place)


def _database(server: embedded.Server, name: str) -> str:
    with psycopg.connect(server.dsn, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    url = server.url.replace("/graveshift?", f"/{name}?", 1)
    asyncio.run(migrations.upgrade(url))
    return url


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="faults", description=__doc__)
    parser.add_argument("--seeds", type=int, default=5, help="how many seeds to try, from 1 (default: 5)")
    parser.add_argument("--seed", type=int, help="this seed alone, to see a failure again")
    parser.add_argument("--only", help="these faults, comma-separated")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
