"""A demo whose queues are drained and resumed: the others go on, and its own traffic comes back."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import httpx

from tests.journeys.home import empty_home
from tests.waiting import until_now


@contextmanager
def demo(home: Path) -> Iterator[httpx.Client]:
    """The API of a headless demo whose folder is `home`."""
    command = [sys.executable, "-m", "graveshift", "demo", "--headless", "--with-parent", f"--data-dir={home}"]
    with (home.parent / f"{home.name}.log").open("wb") as log:
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, env=dict(os.environ)
        )
    with process:
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        with httpx.Client(base_url=ready["api"], headers={"Authorization": f"Bearer {ready['token']}"}) as client:
            yield client
        process.terminate()


def do(client: httpx.Client, operation: str, queue: str) -> None:
    """Plan it, run it, and wait until it has ended well."""
    plan = client.post("/v1/plans", json={"operation": operation, "args": {"queue": f"native:{queue}"}}).json()
    run = client.post(
        f"/v1/plans/{plan['id']}/run",
        json={"phrase": plan["phrase"], "reason": None},
        headers={"Idempotency-Key": uuid4().hex},
    ).json()
    until_now(lambda: client.get(f"/v1/runs/{run['id']}").json()["state"] == "succeeded", what=operation)


def newest(client: httpx.Client, queue: str) -> int:
    """The number of the last job that came into this queue."""
    found = client.get("/v1/jobs", params={"queue": queue, "limit": "1"}).json()["items"]
    return int(found[0]["id"].partition(":")[2]) if found else 0


def comes_in(client: httpx.Client, queue: str) -> None:
    before = newest(client, queue)
    until_now(lambda: newest(client, queue) > before, what=f"jobs come into {queue}")


def test_producers_outlive_a_draining_queue() -> None:
    with empty_home() as home:
        with demo(home) as client:
            comes_in(client, "mail")
            do(client, "queue.drain", "mail")
            last = newest(client, "mail")
            for queue in ("orders", "reports", "webhooks", "orders"):
                comes_in(client, queue)
            assert newest(client, "mail") == last
            do(client, "queue.resume", "mail")
            comes_in(client, "mail")
        log = home.parent / f"{home.name}.log"
        events = log.read_text()
        log.unlink()
    assert events.count("producer_refused") == events.count("producer_goes_on") == 1
