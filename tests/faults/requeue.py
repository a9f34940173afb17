"""Many operators requeue the same letters while PostgreSQL crashes, seed by seed (`./run faults requeue`)."""

import argparse
import asyncio
import tempfile
import time
from pathlib import Path

from tests.faults.place import place
from tests.faults.storm import Storm, weather


def main(argv: list[str]) -> int:
    """The exit code: 0 where nothing was lost or doubled with any seed."""
    arguments = _parser().parse_args(argv)
    seeds = [arguments.seed] if arguments.seed is not None else list(range(1, arguments.seeds + 1))
    results = [_passes(seed, arguments) for seed in seeds]
    print(f"{results.count(True)} passed, {results.count(False)} failed")
    return 0 if all(results) else 1


def _passes(seed: int, arguments: argparse.Namespace) -> bool:
    """One seed, on a server of its own."""
    began, said, flaw = time.monotonic(), "", ""
    try:
        with place() as server, tempfile.TemporaryDirectory(prefix="gs-storm-") as folder:
            storm = Storm(
                place=server,
                folder=Path(folder),
                seed=seed,
                letters=arguments.letters,
                crashes=arguments.crashes,
                patience=arguments.patience,
            )
            said = str(asyncio.run(weather(storm)))
    except Exception as error:
        flaw = f"{type(error).__name__}: {error}"
    state = "FAIL" if flaw else "pass"
    print(f"{state}  requeue seed {seed}  {time.monotonic() - began:6.1f} s  {flaw or said}", flush=True)
    return not flaw


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="faults requeue", description=__doc__)
    parser.add_argument("--seeds", type=int, default=20, help="how many seeds to try, from 1 (default: 20)")
    parser.add_argument("--seed", type=int, help="this seed alone, to see a failure again")
    parser.add_argument("--letters", type=int, default=20_000, help="letters a seed (default: 20000)")
    parser.add_argument("--crashes", type=int, default=10, help="crashes of PostgreSQL a seed (default: 10)")
    parser.add_argument("--patience", type=float, default=1.0, help="waits this many times as long on a busy machine")
    return parser
