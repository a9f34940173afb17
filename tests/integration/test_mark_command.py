"""`graveshift mark` as a pipeline runs it: a process, its exit code and its one line, against the real API."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from graveshift.wire.operations import Role
from tests.api_service import Service, serving


@pytest.fixture
async def service(database: str, tmp_path: Path) -> AsyncIterator[Service]:
    async with serving(database, tmp_path) as service:
        yield service


async def mark(service: Service, *argv: str, role: Role = Role.OPERATOR, **env: str) -> tuple[int, str, str]:
    """Exit code, standard output, standard error."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith("GRAVESHIFT_")}
    place = {"GRAVESHIFT_URL": service.url, "GRAVESHIFT_TOKEN": service.secret[role], "XDG_CONFIG_HOME": "/nonexistent"}
    command = [sys.executable, "-m", "graveshift_tui", "mark", *argv]
    environ = {**plain, **place, **env}
    done = await asyncio.to_thread(
        subprocess.run, command, capture_output=True, text=True, env=environ, stdin=subprocess.DEVNULL, check=False
    )
    return done.returncode, done.stdout, done.stderr


async def kept(service: Service) -> list[dict[str, str | None]]:
    async with service.client() as client:
        items: list[dict[str, str | None]] = (await client.get("/v1/marks")).json()["items"]
        return items


async def test_a_deploy_is_marked_with_its_version_note_and_time(service: Service) -> None:
    at = datetime.now(UTC).replace(microsecond=0) - timedelta(days=2)
    there = at.astimezone(timezone(timedelta(hours=1))).isoformat()
    argv = ("deploy", "v142", "--note", "retries halved", "--at", there)
    code, out, said = await mark(service, *argv, "--link", "https://ci.example/1")
    [one] = await kept(service)
    assert (code, out, said) == (0, f"mark {one['id']}: deploy v142\n", "")
    told = ("kind", "title", "version", "note", "at", "link", "actor", "source")
    assert [one[name] for name in told] == [
        *("deploy", "v142", "v142", "retries halved", f"{at:%Y-%m-%dT%H:%M:%SZ}", "https://ci.example/1"),
        *("operator", "cli"),
    ]


async def test_a_change_of_configuration_has_no_version_and_json_is_the_wire(service: Service) -> None:
    code, out, said = await mark(service, "config", "pool of 20", "-o", "json")
    [one] = await kept(service)
    assert (code, json.loads(out), said) == (0, {"id": one["id"]}, "")
    assert (one["kind"], one["title"], one["version"]) == ("config", "pool of 20", None)


@pytest.mark.parametrize(
    ("argv", "word"),
    [
        (("deploy",), "title"),
        (("party", "v1"), "party"),
        (("deploy", ""), "title"),
        (("deploy", "v1", "--at", "yesterday"), "$.at"),
        (("deploy", "v1", "--at", "2026-11-25T11:00:00"), "$.at"),
        (("deploy", "v1", "--at", "1066-10-14T09:00:00Z"), "years"),
        (("deploy", "v1", "--at", "9998-10-14T09:00:00Z"), "future"),
        (("deploy", "v1", "--link", "ci.example"), "a link that begins with http:// or https:// and holds no space"),
        (("deploy", "v1", "--nte", "x"), "--nte"),
    ],
)
async def test_what_cannot_be_a_mark_is_a_mistake_of_usage(service: Service, argv: tuple[str, ...], word: str) -> None:
    code, out, said = await mark(service, *argv)
    assert (code, out, len(said.splitlines())) == (2, "", 1)
    assert word in said
    assert await kept(service) == []


async def test_who_may_not_mark_and_who_is_not_there_have_their_exit_codes(service: Service) -> None:
    assert (await mark(service, "deploy", "v1", role=Role.VIEWER))[0] == 3
    assert (await mark(service, "deploy", "v1", GRAVESHIFT_TOKEN="gs_1_wrong"))[0] == 3
    assert (await mark(service, "deploy", "v1", GRAVESHIFT_URL="http://127.0.0.1:9"))[0] == 6
    assert await kept(service) == []
