"""A backend that stops lets go of all it held, and who only enqueues never loads one."""

import asyncio
import os
import subprocess
import sys
import threading
from pathlib import Path

import httpx

from graveshift import bootstrap
from graveshift.place import Database
from graveshift.settings import ApiSettings, PrometheusSettings, Settings
from graveshift.wire.operations import Role
from tests.waiting import until

PRODUCER = """
import sys, graveshift
graveshift.enqueue_sync("mail", "mail.send", {"to": "ann"})
print(" ".join(sys.modules))
"""


def tasks_of(name: str) -> list[str]:
    return [task.get_name() for task in asyncio.all_tasks() if task.get_name() == name]


def threads_of(prefix: str) -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith(prefix)]


async def test_what_the_api_started_has_ended_with_it(database: str, tmp_path: Path) -> None:
    settings = Settings(
        state_dir=str(tmp_path),
        api=ApiSettings(port=0),
        prometheus=PrometheusSettings(url="http://127.0.0.1:9", timeout_s=1),
    )
    async with bootstrap.running(settings, Database(url=database)) as backend:
        headers = {"Authorization": f"Bearer {await backend.issue_token('ann', Role.VIEWER)}"}
        async with (
            backend.serving() as address,
            httpx.AsyncClient(base_url=address, headers=headers) as client,
            client.stream("GET", "/v1/events"),
        ):
            assert (await client.get("/v1/series", params={"name": "dead"})).status_code == 200
            await until(lambda: tasks_of("hub") and threads_of("prometheus"))
        assert tasks_of("hub") == []
        await until(lambda: not threads_of("prometheus"), within=5)


def test_a_producer_loads_nothing_of_the_service(database: str) -> None:
    env = {**os.environ, "GRAVESHIFT_DATABASE_URL": database}
    done = subprocess.run([sys.executable, "-c", PRODUCER], env=env, stdout=subprocess.PIPE, text=True, check=True)
    loaded = {name for name in done.stdout.split() if not name.startswith("_")}
    heavy = {"litestar", "uvicorn", "alembic", "prometheus_client", "prometheus_api_client", "cryptography", "httpx"}
    assert not loaded & heavy
    assert not loaded & {
        f"graveshift.{room}" for room in ("bootstrap", "api", "operations", "desk", "runner", "worker")
    }
    assert "graveshift.drivers.postgres" in loaded
