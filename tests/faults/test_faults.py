"""The faults in short form: one seed, fewer letters."""

from pathlib import Path

from tests.faults.killed_backend import killed_backend


async def test_a_backend_killed_in_the_middle_of_a_requeue_moves_every_letter_once(
    database: str, tmp_path: Path
) -> None:
    await killed_backend(database, tmp_path, seed=1, letters=4_000, kills=1)
