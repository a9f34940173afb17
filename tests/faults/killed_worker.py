"""F1: workers are killed with kill -9 at every point of a handler; their jobs run again, and no work is forgotten."""

import asyncio

from tests.faults.handlers import POINTS
from tests.faults.scene import Scene, Stage, play


async def killed_worker(stage: Stage) -> str:
    """AssertionError where a job was lost or ended by a dead worker's word."""
    rounds = 1 if stage.short else 3
    dice, points = stage.dice, [*POINTS] * rounds
    doomed = dict(zip(dice.sample(range(int(stage.jobs * 0.7)), len(points)), points, strict=True))

    def make(number: int) -> dict[str, object]:
        return {"nap": dice.uniform(0, 0.04), "die": doomed.get(number)}

    async def inject(scene: Scene) -> None:
        async def all_died() -> bool:
            died = await asyncio.to_thread(lambda: list(stage.folder.glob("died-*")))
            return scene.stream.done() and len(died) >= len(points) - unsent(scene)

        await scene.until("every doomed job took its worker along", all_died, within=90)

    def unsent(scene: Scene) -> int:
        """On a busy machine an enqueue may be given up; such a number is a job or none."""
        return len(scene.record.unsure)

    return await play(Scene(stage, make=make, replaces=True), inject)
