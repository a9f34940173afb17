"""The rate after a fault is compared with the rate before it: a worker that does not come back is noticed."""

import signal
from pathlib import Path
from time import monotonic

import pytest

from tests.faults.place import place
from tests.faults.scene import Scene, Stage


@pytest.mark.timeout(180)
async def test_half_of_the_workers_do_not_come_to_the_rate_of_all(tmp_path: Path) -> None:
    with place() as server:
        url = await server.migrated("pace")
        stage = Stage(place=server, url=url, folder=tmp_path, seed=1, jobs=50, patience=5, short=True)
        async with Scene(stage) as scene:
            await scene.reaches(1)
            assert await scene.regains(monotonic() + 60) >= stage.regained
            hand = scene.crew.hands[0]
            hand.send(signal.SIGTERM)
            await hand.child.wait()
            with pytest.raises(AssertionError, match="the workers came back to"):
                await scene.regains(monotonic())
