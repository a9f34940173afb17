"""The letters that a demo starts with stand in the same groups as those its workers make."""

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from graveshift.demo.letters import CAUSES, VERSION
from graveshift.worker.failures import name_of
from tests.waiting import until_now

# Planted only: nothing in the demo makes these happen for as long as nobody tells its downstream to.
RARE = {"httpx.ConnectTimeout", "ConnectionRefusedError", "ZeroDivisionError", "TypeError"}


@contextmanager
def demo(*options: str) -> Iterator[httpx.Client]:
    """The API of a headless demo with letters."""
    command = [sys.executable, "-m", "graveshift", "demo", "--headless", "--with-parent", *options]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=dict(os.environ)
    ) as process:
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        with httpx.Client(base_url=ready["api"], headers={"Authorization": f"Bearer {ready['token']}"}) as client:
            yield client
        process.terminate()


def items(client: httpx.Client, resource: str, **query: str) -> list[dict[str, str]]:
    found: list[dict[str, str]] = client.get(f"/v1/{resource}", params={"limit": "1000", **query}).json()["items"]
    return found


def test_a_cause_stands_once_whether_its_letters_were_planted_or_died_of_it() -> None:
    wanted = {(cause.kind, name_of(cause.error)) for cause in CAUSES} - {
        (cause.kind, name_of(cause.error)) for cause in CAUSES if name_of(cause.error) in RARE
    }

    def died_in_earnest() -> bool:
        real = [letter for letter in items(client, "dlq") if letter["worker_version"] != VERSION]
        return wanted <= {(letter["kind"], letter["error_type"]) for letter in real}

    with demo("--letters=200", "--rate=120") as client:
        until_now(died_in_earnest, within=60, what="each cause has happened")
        groups = Counter((group["kind"], group["error_type"]) for group in items(client, "groups"))
    assert {cause: n for cause, n in groups.items() if n > 1} == {}
    assert set(groups) >= wanted
