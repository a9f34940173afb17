"""The cells that every side is measured in, round by round, each side in its turn."""

from collections.abc import Sequence
from statistics import median

from msgspec import Struct

from tests.bench.contest.side import Side

# Jobs for a drain of some seconds, by side: what is slow gets fewer.
DRAINED = {"procrastinate": 2_000, "pgqueuer": 16_000}
DRAINED_ELSE = 48_000
BATCHES, PROCESSES = (10, 100), (1, 2)
ENQUEUES = {"single": 600, "concurrent": 1_500}


class Plan(Struct, frozen=True):
    """How long to measure; `share` is the part of the usual number of jobs."""

    rounds: int
    latency_s: float
    share: float


class Sheet:
    """Every measurement, by side and cell."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str, str], list[float]] = {}

    def note(self, side: Side, cell: str, value: float) -> None:
        """One more."""
        self._seen.setdefault((side.name, cell), []).append(value)

    def median(self, side: str, cell: str) -> float:
        """Of all rounds."""
        return median(self._seen[side, cell])

    def ratio(self, cell: str, rival: str) -> float:
        """Ours to the rival's: the median of the rounds' ratios, so that a slow minute weighs on both."""
        pairs = zip(self._seen["ours", cell], self._seen[rival, cell], strict=True)
        return median(ours / theirs for ours, theirs in pairs)


async def play(sides: Sequence[Side], plan: Plan, sheet: Sheet) -> None:
    """All rounds. The order is turned round each time, so that no side is always first."""
    for turn in range(plan.rounds):
        order = sides if turn % 2 == 0 else list(reversed(sides))
        for way, n in ENQUEUES.items():
            for side in order:
                await side.clear()
                sheet.note(side, way, await side.send(way, max(100, int(n * plan.share))))
        for processes in PROCESSES:
            for batch in BATCHES:
                for side in order:
                    await _drain(side, batch, processes, plan, sheet)
        for side in order:
            await _latency(side, plan, sheet)


async def _drain(side: Side, batch: int, processes: int, plan: Plan, sheet: Sheet) -> None:
    """Filling the queue is the bulk cell. A warm server knows its tables: statistics are taken for everybody."""
    await side.clear()
    n = max(1_000, int(DRAINED.get(side.name, DRAINED_ELSE) * plan.share) // 1000 * 1000)
    if (batch, processes) == (10, 1):
        sheet.note(side, "bulk", await side.send("bulk", n))
    else:
        await side.send("bulk", n)
    await side.ask("ANALYZE")
    sheet.note(side, drain(batch, processes), await side.drain(batch=batch, processes=processes))


async def _latency(side: Side, plan: Plan, sheet: Sheet) -> None:
    """At a tenth of what the side can carry: the lesser of what it takes in one by one and what it drains."""
    carried = min(sheet.median(side.name, "single"), sheet.median(side.name, drain(10, 1)))
    await side.clear()
    found = await side.latency(per_s=carried / 10, seconds=plan.latency_s, batch=10)
    sheet.note(side, "rate", carried / 10)
    for percent in (50, 95, 99):
        sheet.note(side, f"p{percent}", found[min(len(found) - 1, len(found) * percent // 100)])


def drain(batch: int, processes: int) -> str:
    """A drain cell's name."""
    return f"drain, {processes} process{'es' if processes > 1 else ''}, batch {batch}"
