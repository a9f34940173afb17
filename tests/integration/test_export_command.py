"""`graveshift export` and `graveshift reveal` on a real service: whole files, and secrets only on the record."""

import asyncio
import json
import stat
from collections.abc import AsyncIterator
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from graveshift.wire.operations import Role
from tests.api_service import Service, failing_letters, serving
from tests.command_line import graveshift_at
from tests.front import Front


@pytest.fixture
async def service(database: str, tmp_path: Path) -> AsyncIterator[Service]:
    async with serving(database, tmp_path) as service:
        yield service


def parts(folder: Path) -> list[Path]:
    return list(folder.glob(".*.part"))


async def command(service: Service, *argv: str, role: Role = Role.OPERATOR) -> CompletedProcess[str]:
    return await asyncio.to_thread(graveshift_at, service.url, service.secret[role], *argv)


async def test_an_export_is_a_whole_file_for_its_owner_only(service: Service, tmp_path: Path) -> None:
    await service.rows(failing_letters(1500))
    file = tmp_path / "out.jsonl"
    done = await command(service, "export", "dlq", "--all", "-o", str(file), role=Role.VIEWER)
    assert (done.returncode, done.stderr) == (0, f"1,500 letters in {file}\n")
    assert len({json.loads(line)["id"] for line in file.read_text().splitlines()}) == 1500
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert not parts(tmp_path)


async def test_a_file_that_is_there_is_kept_unless_forced(service: Service, tmp_path: Path) -> None:
    await service.rows(failing_letters(2))
    file = tmp_path / "out.csv"
    file.write_text("mine")
    argv = ("export", "dlq", "-f", "queue=mail", "--format", "csv", "-o", str(file))
    done = await command(service, *argv)
    assert (done.returncode, file.read_text()) == (2, "mine")
    assert "--force" in done.stderr
    assert (await command(service, *argv, "--force")).returncode == 0
    assert len(file.read_text().splitlines()) == 3


async def test_a_query_narrows_an_export(service: Service) -> None:
    await service.rows(failing_letters(3))
    await service.rows(failing_letters(2, "bank"))
    done = await command(service, "export", "dlq", "-q", "queue:bank")
    assert len(done.stdout.splitlines()) == 2


async def test_a_query_says_what_no_condition_can_and_a_wrong_one_is_shown_its_place(service: Service) -> None:
    await service.rows(failing_letters(3))
    await service.rows(failing_letters(2, "bank"))
    done = await command(service, "export", "dlq", "-q", "-queue:mail")
    assert [json.loads(line)["queue"] for line in done.stdout.splitlines()] == ["bank"] * 2
    wrong = await command(service, "export", "dlq", "-q", "queue:mail attempts:>x")
    assert (wrong.returncode, "^" in wrong.stderr, wrong.stdout) == (2, True, "")


async def test_a_secret_value_is_asked_for_and_compared(service: Service, front: Front) -> None:
    await front.bench.put('{"password": "hunter2"}')
    await front.bench.kill(*await front.bench.take(1))
    (letter,) = await front.letters(0)
    argv = ("export", "dlq", "-q", "payload.password=?")
    found = await asyncio.to_thread(graveshift_at, service.url, service.secret[Role.OPERATOR], *argv, typed="hunter2\n")
    other = await asyncio.to_thread(graveshift_at, service.url, service.secret[Role.OPERATOR], *argv, typed="hunter3\n")
    assert [json.loads(line)["id"] for line in found.stdout.splitlines()] == [letter]
    assert other.stdout == ""


async def test_standard_output_has_the_letters_and_nothing_else(service: Service) -> None:
    await service.rows(failing_letters(3))
    done = await command(service, "export", "dlq", "--all")
    assert [json.loads(line)["queue"] for line in done.stdout.splitlines()] == ["mail"] * 3


async def test_a_scope_has_to_be_said_once_and_only_letters_are_exported(service: Service) -> None:
    for argv in (["dlq"], ["dlq", "--all", "-f", "queue=mail"], ["jobs", "--all"]):
        assert (await command(service, "export", *argv)).returncode == 2, argv


async def test_reveal_prints_what_get_masks(service: Service, front: Front) -> None:
    await front.bench.put('{"password": "hunter2"}')
    await front.bench.kill(*await front.bench.take(1))
    (letter,) = await front.letters(0)
    async with front.running():
        masked = await command(service, "get", "dlq", letter)
        shown = await command(service, "reveal", letter, "--reason", "case 4711")
        refused = await command(service, "reveal", letter, "--reason", "x", role=Role.VIEWER)
        unknown = await command(service, "reveal", "native:1-1", "--reason", "x")
    assert "***" in masked.stdout
    assert "hunter2" not in masked.stdout
    assert (shown.returncode, "hunter2" in shown.stdout) == (0, True)
    assert (refused.returncode, unknown.returncode) == (3, 4)
