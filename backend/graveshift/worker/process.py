"""A worker as a process of its own: signals stop it, and nothing that hangs can keep it."""

import asyncio
import gc
import os
import signal
import sys

import structlog

from graveshift.worker.worker import Worker

# Seconds after a second signal when the process ends, whatever still hangs.
LAST_S = 2.5

_log = structlog.get_logger("graveshift.worker")


async def serve(worker: Worker) -> int:
    """Run until SIGTERM or SIGINT; a second one drops everything. Returns the exit code.

    Where handlers are stuck the process ends here, because nothing else could end them.
    """
    loop = asyncio.get_running_loop()
    for wanted in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(wanted, _asked, worker, wanted)
    gc.freeze()  # what was imported stays; looking through it again and again costs a tenth of a short job
    try:
        code = await worker.run()
    finally:
        for wanted in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(wanted)
    if worker.is_stuck:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    return code


def _asked(worker: Worker, wanted: signal.Signals) -> None:
    _log.info("signal_received", signal=wanted.name, again=worker.is_stopping)
    if worker.is_stopping:
        worker.drop()
        asyncio.get_running_loop().call_later(LAST_S, os._exit, 1)
    else:
        worker.stop()
