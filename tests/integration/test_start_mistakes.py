"""A command that cannot begin says why in one line: 2 for what was asked, 1 for what was met."""

import asyncio
import os
import sys
from pathlib import Path

import pytest

SERVE = ("serve", "--port", "0")
WORKER = ("worker", "--handlers", "tests.worker_process:HANDLERS")
NOWHERE = "postgresql://ana@127.0.0.1:1/jobs"


async def graveshift(*argv: str, **environ: str) -> tuple[int, str]:
    """Exit code and standard error of a backend's command that ends by itself."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "graveshift", *argv), env={**os.environ, **environ}, stderr=asyncio.subprocess.PIPE
    )
    try:
        async with asyncio.timeout(60):
            _, said = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return process.returncode or 0, said.decode()


@pytest.mark.parametrize("command", [SERVE, WORKER])
async def test_a_database_that_was_never_migrated_is_one_line(
    empty_database: str, tmp_path: Path, command: tuple[str, ...]
) -> None:
    code, said = await graveshift(*command, GRAVESHIFT_DATABASE_URL=empty_database, GRAVESHIFT_STATE_DIR=str(tmp_path))
    assert (code, said.count("\n")) == (1, 1), said
    assert said.startswith("graveshift: the database schema is behind this version; run `graveshift migrate`")


@pytest.mark.parametrize("command", [SERVE, WORKER])
async def test_a_database_that_does_not_answer_at_the_start_is_one_line(
    tmp_path: Path, command: tuple[str, ...]
) -> None:
    code, said = await graveshift(*command, GRAVESHIFT_DATABASE_URL=NOWHERE, GRAVESHIFT_STATE_DIR=str(tmp_path))
    assert (code, said.count("\n")) == (1, 1), said
    assert said.startswith("graveshift: the database does not answer: ")


@pytest.mark.parametrize("command", [SERVE, WORKER])
async def test_a_login_that_is_refused_is_one_line(database: str, tmp_path: Path, command: tuple[str, ...]) -> None:
    wrong = database.replace("graveshift:", "graveshift:not", 1)
    code, said = await graveshift(*command, GRAVESHIFT_DATABASE_URL=wrong, GRAVESHIFT_STATE_DIR=str(tmp_path))
    assert (code, said.count("\n")) == (1, 1), said
    assert "password authentication failed" in said


@pytest.mark.parametrize(
    ("argv", "environ", "word"),
    [
        (SERVE, {"GRAVESHIFT_API_PORT": "often"}, "GRAVESHIFT_API_PORT"),
        (SERVE, {"GRAVESHIFT_CONFIG": "/nowhere.yaml"}, "/nowhere.yaml"),
        (SERVE, {"GRAVESHIFT_DATABASE_URL": "mysql://h/jobs"}, "this one with mysql://"),
        (WORKER, {"GRAVESHIFT_DATABASE_URL": "mysql://h/jobs"}, "this one with mysql://"),
        (("migrate",), {"GRAVESHIFT_DATABASE_URL": "mysql://h/jobs"}, "this one with mysql://"),
        (("demo", "--headless", "--keep"), {}, "--keep needs --data-dir"),
        (("demo", "--headless", "--data-dir", "."), {}, "holds other things than a demo's data"),
    ],
)
async def test_a_usage_mistake_is_one_line_and_exit_code_2(
    tmp_path: Path, argv: tuple[str, ...], environ: dict[str, str], word: str
) -> None:
    code, said = await graveshift(*argv, **{"GRAVESHIFT_STATE_DIR": str(tmp_path), **environ})
    assert (code, said.count("\n")) == (2, 1), said
    assert said.startswith("graveshift: the settings cannot be used: ")
    assert word in said
