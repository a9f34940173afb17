"""A bulk act over a configured size says so where no verified backup is young enough."""

from graveshift.operation import Draft, World
from graveshift.wire.operations import Danger
from graveshift.wire.plans import Caution
from graveshift.wire.runs import RunState

CREATE = "backup.create"


async def unbacked(world: World, danger: Danger, draft: Draft) -> list[Caution]:
    """Of a verb that touches many things: one warning, or none. A count that is not exact may be any size.

    Where a backup is being made it says so: who waits for that needs no other.
    """
    above = world.backup_above
    if above is None or danger is Danger.SAFE or draft.count is None:
        return []
    if draft.count_is_exact and draft.count <= above:
        return []
    age_s = await world.backups.age_s()
    if age_s is not None and age_s <= world.backup_age_s:
        return []
    last = "there is no verified backup" if age_s is None else f"the last verified backup is {_age(age_s)} old"
    return [Caution(code="no-backup", words=f"more than {above:,}, and {last}: {await _next(world)}")]


async def _next(world: World) -> str:
    """Where the next one is."""
    making = await world.runs.at_work([CREATE])
    if not making:
        return f"{CREATE} makes one (B)"
    run, _ = making[0]
    stands = "would make one, but is paused" if run.state is RunState.PAUSED else "is making one now"
    return f"run {run.id} of {run.actor} {stands}"


def _age(seconds: float) -> str:
    """`3d`, `26h`, `50m`."""
    if seconds >= 2 * 86_400:
        return f"{seconds / 86_400:.0f}d"
    return f"{seconds / 3600:.0f}h" if seconds >= 2 * 3600 else f"{seconds / 60:.0f}m"
