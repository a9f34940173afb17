"""What a run will take: seconds at its rate, bytes of log and of tables, and what is free."""

from graveshift.driver import Count
from graveshift.operation import World
from graveshift.wire.plans import Caution, Forecast

# Bytes that one letter costs on its way. The log was measured: 2.1 to 2.9 kB a narrow row in chunks of a thousand. What
# the tables keep (settled row, item, job, their indexes) is an estimate that was not measured.
LOG, KEPT = 2_500, 900


def forecast(world: World, count: Count, rate: float | None, window_s: float, edited_bytes: int = 0) -> Forecast:
    """`edited_bytes` is what one letter's old payload takes that is kept beside the new one."""
    first = world.drip.start_per_s if rate is not None and world.drip.start_per_s < rate else None
    if not count.exact:
        return Forecast(rate=rate, first_rate=first, free_bytes=world.free_bytes(), undo_window_s=window_s)
    each = KEPT + edited_bytes
    return Forecast(
        duration_s=None if rate is None else world.drip.seconds(count.n, rate),
        rate=rate,
        first_rate=first,
        wal_bytes=count.n * (LOG + 2 * edited_bytes),
        disk_bytes=count.n * each,
        free_bytes=world.free_bytes(),
        undo_window_s=window_s,
    )


def short_of_room(told: Forecast) -> list[Caution]:
    """Where the disk that is free would not hold it."""
    if told.free_bytes is None or told.wal_bytes is None or told.disk_bytes is None:
        return []
    needed = told.wal_bytes + told.disk_bytes
    words = f"it needs about {needed / 1e9:.1f} GB of disk, and {told.free_bytes / 1e9:.1f} GB are free"
    return [Caution(code="disk", words=words)] if needed > told.free_bytes else []
