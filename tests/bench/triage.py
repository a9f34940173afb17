"""A million letters: pages, groups, keys and the whole way back, each beside its floor in the same run."""

import asyncio
import os

from tests.bench.million.keys import pressed
from tests.bench.million.looking import looked
from tests.bench.million.moving import moved
from tests.bench.million.served import served
from tests.bench.report import Figure, table

LETTERS, QUICK_LETTERS = 1_000_000, 50_000


def measure(*, quick: bool) -> list[Figure]:
    """Budgets are the promises of docs/speed.md; the load average says how calm the machine was."""
    return asyncio.run(_measured(quick=quick))


async def _measured(*, quick: bool) -> list[Figure]:
    async with served(QUICK_LETTERS if quick else LETTERS) as on:
        print(f"{on.letters:,} letters, load average {os.getloadavg()[0]:.1f}", flush=True)
        figures = _told(await looked(on, quick=quick))
        figures += _told(await asyncio.to_thread(pressed, on, quick=quick))
        figures += _told(await moved(on))
    return figures


def _told(figures: list[Figure]) -> list[Figure]:
    """A part that was measured is said at once: the whole takes minutes."""
    made = [*figures, Figure("load average by then", os.getloadavg()[0], "")]
    print(table("so far", made), flush=True)
    return made
