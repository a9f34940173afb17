"""Break things on purpose, heal them, and count what was lost: `python -m tests.faults [soak | requeue] [options]`."""

import argparse
import asyncio
import signal
import sys
import tempfile
import time
import traceback
from pathlib import Path

from tests.faults import requeue, soak
from tests.faults.place import Place, place
from tests.faults.scene import Forbidden, Stage
from tests.faults.table import FAULTS


def main(argv: list[str]) -> int:
    """The exit code: 0 where every fault passed with every seed, 130 where somebody wanted it to end."""
    # Also where a shell in the background has them ignored; both then unwind the scene, which ends its processes.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    try:
        return _all(argv)
    except KeyboardInterrupt:
        print("interrupted; nothing is left running", file=sys.stderr)
        return 130


def _all(argv: list[str]) -> int:
    if argv[:1] == ["soak"]:
        return soak.main(argv[1:])
    if argv[:1] == ["requeue"]:
        return requeue.main(argv[1:])
    arguments = _parser().parse_args(argv)
    names = arguments.only.upper().split(",") if arguments.only else list(FAULTS)
    if unknown := [name for name in names if name not in FAULTS]:
        print(f"there is no fault {', '.join(unknown)}; there are {', '.join(FAULTS)}", file=sys.stderr)
        return 2
    seeds = [arguments.seed] if arguments.seed is not None else list(range(1, arguments.seeds + 1))
    results = [_passes(name, seed, arguments) for name in names for seed in seeds]
    print(f"{results.count(True)} passed, {results.count(False)} failed")
    return 1 if False in results else 0


def _passes(name: str, seed: int, arguments: argparse.Namespace) -> bool | None:
    """One fault with one seed, on a server of its own: the next one shall not find its ruins.

    None where the machine does not permit it, which is said and counts as neither.
    """
    began = time.monotonic()
    said, flaw = "", ""
    try:
        with place() as server, tempfile.TemporaryDirectory(prefix="gs-fault-") as folder:
            said = asyncio.run(_acted(server, Path(folder), name, seed, arguments))
    except Forbidden as reason:
        print(f"not permitted here: {name}, {FAULTS[name].title}: {reason}", flush=True)
        return None
    except Exception as error:
        flaw = f"{type(error).__name__}: {str(error) or _where(error)}"
    state = "FAIL" if flaw else "pass"
    took_s = time.monotonic() - began
    print(f"{state}  {name:<4} seed {seed}  {took_s:6.1f} s  {FAULTS[name].title}: {flaw or said}", flush=True)
    return not flaw


def _where(error: Exception) -> str:
    """For errors without words."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{Path(frame.filename).name}:{frame.lineno}: {frame.line}"


async def _acted(server: Place, folder: Path, name: str, seed: int, arguments: argparse.Namespace) -> str:
    fault = FAULTS[name]
    url = await server.migrated(f"{name.lower()}_{seed}")
    jobs = fault.jobs if arguments.short else arguments.jobs
    stage = Stage(
        place=server,
        url=url,
        folder=folder,
        seed=seed,
        jobs=jobs,
        patience=arguments.patience,
        short=arguments.short,
    )
    return await fault.act(stage)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="faults", description=__doc__)
    parser.add_argument("--seeds", type=int, default=5, help="how many seeds to try, from 1 (default: 5)")
    parser.add_argument("--seed", type=int, help="this seed alone, to see a failure again")
    parser.add_argument("--only", help="these faults, comma-separated")
    parser.add_argument("--jobs", type=int, default=1000, help="jobs a seed (default: 1000)")
    parser.add_argument("--short", action="store_true", help="the short form that tests run")
    parser.add_argument("--patience", type=float, default=1.0, help="waits this many times as long on a busy machine")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
