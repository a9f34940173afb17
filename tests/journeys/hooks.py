"""What the workers of the long night run: everything asks one downstream, which answers or does not."""

import os
import socket
from collections.abc import Callable, Mapping
from time import monotonic
from typing import Any

from graveshift.worker import Job
from tests.bench.million.causes import CAUSES
from tests.bench.million.deliver import post

DOWNSTREAM_VARIABLE = "GRAVESHIFT_JOURNEY_DOWNSTREAM"
TOLD_S = 0.1
"""How long what the downstream said is believed: tens of thousands ask in a second."""


class Believed:
    """What the downstream said last, and when."""

    is_well = False
    at = -TOLD_S


async def call(job: Job) -> None:
    """Fails as the letters have failed, as long as the downstream is down."""
    if monotonic() - Believed.at >= TOLD_S:
        Believed.is_well, Believed.at = _is_well(int(os.environ[DOWNSTREAM_VARIABLE])), monotonic()
    if not Believed.is_well:
        post(str(job.data["host"]))


def _is_well(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as line:
            line.sendall(b"GET /mode HTTP/1.0\r\n\r\n")
            return b"200 OK" in line.recv(1000)
    except OSError:
        return False


HANDLERS: Mapping[str, Callable[[Job], Any]] = {cause.kind: call for cause in CAUSES}
