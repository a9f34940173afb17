"""Every fault in its short form and with patience; `./run faults` has them in full."""

from pathlib import Path

import pytest

from tests.faults.place import place
from tests.faults.scene import Forbidden, Stage
from tests.faults.table import FAULTS


@pytest.mark.timeout(400)
@pytest.mark.parametrize("name", FAULTS)
async def test_nothing_is_lost_and_nothing_ends_twice(name: str, tmp_path: Path) -> None:
    fault = FAULTS[name]
    with place() as server:
        url = await server.migrated(f"{name.lower()}_short")
        stage = Stage(place=server, url=url, folder=tmp_path, seed=1, jobs=fault.jobs, patience=5, short=True)
        try:
            await fault.act(stage)
        except Forbidden as reason:  # by the machine, not by what we do
            pytest.skip(str(reason))
