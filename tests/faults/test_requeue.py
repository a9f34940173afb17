"""The storm in its short form; `./run faults requeue` has it in full."""

from pathlib import Path

import pytest

from tests.faults.place import place
from tests.faults.storm import Storm, weather


@pytest.mark.timeout(400)
async def test_no_letter_is_lost_or_moved_twice_while_operators_overlap_and_the_server_crashes(tmp_path: Path) -> None:
    with place() as server:
        tally = await weather(Storm(place=server, folder=tmp_path, seed=1, letters=400, crashes=2, patience=5))
    assert tally.crashes >= 2
    assert tally.letters >= 400
    assert tally.conflict
