"""What a page, the groups and a thing in full cost at the API, beside the same by bare statements."""

import time
from collections.abc import Awaitable, Callable, Sequence
from statistics import median

from graveshift_tui.client import path_of
from tests.bench.million.served import Served
from tests.bench.million.ways import BARE, Way, ways
from tests.bench.report import Figure

PAGE_MS, GROUPS_MS, ONE_MS = 15.0, 10.0, 10.0
WARM, ROUNDS, QUICK_ROUNDS, PAGES = 3, 60, 20, 4
GROUPS = "SELECT * FROM graveshift.groups ORDER BY dead DESC LIMIT 101"
ONE = """
SELECT d.*, t.* FROM graveshift.dead d LEFT JOIN graveshift.dead_text t USING (died_at, id)
WHERE d.died_at = $1 AND d.id = $2
"""
PLACE = "SELECT died_at, id FROM graveshift.dead ORDER BY died_at OFFSET {} LIMIT 1"


async def looked(on: Served, *, quick: bool) -> list[Figure]:
    """Milliseconds, p95 with a budget; the floor is asyncpg's on the same tables."""
    rounds = QUICK_ROUNDS if quick else ROUNDS
    figures = []
    for way in ways():
        figures += await _paged(on, way, rounds)
    return [*figures, *await _deep(on, rounds), *await _groups(on, rounds), *await _things(on, rounds)]


async def _paged(on: Served, way: Way, rounds: int) -> list[Figure]:
    """Each query from its first page on, as a reader goes; every page counts."""
    seen: list[float] = []
    for query in way.queries:
        await on.get("/v1/dlq", **query)
    turn = 0
    while len(seen) < rounds:
        query, cursor = way.queries[turn % len(way.queries)], None
        turn += 1
        for _ in range(PAGES):
            begun = time.perf_counter()
            answer = await on.get("/v1/dlq", **query, cursor=cursor)
            seen.append(1000 * (time.perf_counter() - begun))
            if (cursor := answer.json()["next_cursor"]) is None:
                break
    return _figures(f"page, {way.name}", seen, await _floor(on, way.bare), PAGE_MS)


async def _deep(on: Served, rounds: int) -> list[Figure]:
    """From the middle of the list on, where no page before was read."""
    row = await on.bare.fetchrow(PLACE.format(on.letters // 2))
    cursor = (await on.get("/v1/dlq", died_before=row["died_at"].isoformat(), limit=1)).json()["next_cursor"]
    seen: list[float] = []
    while len(seen) < rounds:
        begun = time.perf_counter()
        answer = await on.get("/v1/dlq", cursor=cursor)
        seen.append(1000 * (time.perf_counter() - begun))
        cursor = answer.json()["next_cursor"]
    half = BARE.format(where="d.died_at < (SELECT died_at FROM graveshift.dead ORDER BY died_at LIMIT 1)")
    return _figures("page, deep cursor", seen, await _floor(on, half), PAGE_MS)


async def _groups(on: Served, rounds: int) -> list[Figure]:
    whole = await _times(lambda: on.get("/v1/groups"), rounds)
    ids = [group["id"] for group in (await on.get("/v1/groups")).json()["items"]]
    turns = iter(ids * rounds)
    one = await _times(lambda: on.get(path_of("groups", next(turns))), rounds)
    floor = await _floor(on, GROUPS)
    return [*_figures("groups", whole, floor, GROUPS_MS), *_figures("one group", one, floor, GROUPS_MS)]


async def _things(on: Served, rounds: int) -> list[Figure]:
    """Letters in full, one after the other."""
    ids = [letter["id"] for letter in (await on.get("/v1/dlq", limit=1000)).json()["items"]]
    turns = iter(ids)
    seen = await _times(lambda: on.get(path_of("dlq", next(turns))), rounds)
    row = await on.bare.fetchrow(PLACE.format(on.letters // 2))
    floor = await _floor(on, ONE, row["died_at"], row["id"])
    return _figures("one letter", seen, floor, ONE_MS)


async def _times(act: Callable[[], Awaitable[object]], rounds: int) -> list[float]:
    seen = []
    for turn in range(WARM + rounds):
        begun = time.perf_counter()
        await act()
        if turn >= WARM:
            seen.append(1000 * (time.perf_counter() - begun))
    return seen


async def _floor(on: Served, statement: str, *values: object) -> float:
    """Milliseconds at the median; the statement is prepared and its rows are read."""
    prepared = await on.bare.prepare(statement)
    return median(await _times(lambda: prepared.fetch(*values), 10))


def _figures(name: str, seen: Sequence[float], floor: float, budget: float) -> list[Figure]:
    ordered = sorted(seen)
    return [
        Figure(f"{name}: p95", ordered[len(ordered) * 95 // 100], "ms", budget),
        Figure(f"{name}: p50", median(ordered), "ms"),
        Figure(f"{name}: bare statement", floor, "ms"),
    ]
