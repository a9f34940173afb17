"""What the workers of the bench run: steps that leave a trace no crash of theirs can take back."""

import asyncio
import hashlib
import os
import signal
import threading
import time
from pathlib import Path

from graveshift.worker import Job

FOLDER_VARIABLE = "GRAVESHIFT_FAULTS_FOLDER"
# Where in a handler its worker may be killed; `returned` is after the handler and before its end is committed.
POINTS = ("start", "half", "effect", "returned")


def note(word: str, job: Job, more: str = "") -> None:
    """One line, in one write: a killed process leaves whole lines only."""
    with (Path(os.environ[FOLDER_VARIABLE]) / f"trace-{os.getpid()}").open("ab", buffering=0) as trace:
        trace.write(f"{word} {job.id} {job.attempt} {os.getpid()} {more}\n".encode())


def step(job: Job) -> None:
    """Works in a thread."""
    note("began", job)
    _die_at("start", job)
    time.sleep(job.data["nap"] / 2)
    _die_at("half", job)
    time.sleep(job.data["nap"] / 2)
    _effect(job)


async def stride(job: Job) -> None:
    """The same on the loop."""
    note("began", job)
    _die_at("start", job)
    await asyncio.sleep(job.data["nap"] / 2)
    _die_at("half", job)
    await asyncio.sleep(job.data["nap"] / 2)
    _effect(job)


def hold(job: Job) -> None:
    """Ends when the file `go` is there, and looks at nothing else."""
    note("began", job)
    while not Path(job.data["go"]).exists():
        time.sleep(0.02)
    _effect(job)


def suicide(job: Job) -> None:
    """Kills its worker, each time."""
    note("began", job)
    os.kill(os.getpid(), signal.SIGKILL)


def weigh(job: Job) -> None:
    """Says what its payload is, without decoding it."""
    note("began", job)
    note("effect", job, hashlib.sha256(job.payload).hexdigest())


def _effect(job: Job) -> None:
    note("effect", job)
    _die_at("effect", job)
    if job.data.get("die") == "returned":
        threading.Timer(0.005, _die_at, ("returned", job)).start()


def _die_at(point: str, job: Job) -> None:
    """The first who comes to the point of such a job dies there; its file tells the others."""
    if job.data.get("die") != point:
        return
    try:
        (Path(os.environ[FOLDER_VARIABLE]) / f"died-{point}-{job.id}").touch(exist_ok=False)
    except FileExistsError:
        return
    os.kill(os.getpid(), signal.SIGKILL)


HANDLERS = {"step": step, "stride": stride, "hold": hold, "suicide": suicide, "weigh": weigh}
