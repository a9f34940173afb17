"""F5: backend and workers are killed all at once, as when a host runs out of memory; a supervisor starts them again."""

import signal

from tests.faults.scene import Scene, Stage, play


async def killed_group(stage: Stage) -> str:
    """AssertionError where anything was lost with them."""

    async def inject(scene: Scene) -> None:
        assert scene.backend is not None
        for share in [0.3] if stage.short else sorted(scene.dice.uniform(0.15, 0.7) for _ in range(2)):
            await scene.reaches(share)
            for hand in scene.crew.hands:
                hand.send(signal.SIGKILL)
            await scene.backend.kill()
            await scene.backend.start()

    return await play(Scene(stage, replaces=True), inject)
