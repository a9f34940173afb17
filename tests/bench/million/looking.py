"""What a page, the groups and a thing in full cost at the API, beside the same by bare statements."""

import time
from collections.abc import Sequence
from contextlib import closing
from itertools import cycle, islice
from statistics import median

from msgspec import json

from graveshift.wire.dlq import Letter
from graveshift.wire.groups import Group
from graveshift.wire.page import Page
from graveshift_tui.client import path_of
from tests.bench.million.served import Reader, Served
from tests.bench.million.ways import BARE, Way, ways
from tests.bench.report import Figure

PAGE_MS, GROUPS_MS, ONE_MS = 15.0, 10.0, 10.0
WARM, ROUNDS, QUICK_ROUNDS, PAGES, FLOORS = 3, 60, 20, 4, 10
Letters = Page[Letter]
GROUPS = "SELECT * FROM graveshift.groups ORDER BY dead DESC LIMIT 101"
ONE = """
SELECT d.*, t.* FROM graveshift.dead d LEFT JOIN graveshift.dead_text t USING (died_at, id)
WHERE d.died_at = $1 AND d.id = $2
"""
PAYLOADS = """
SELECT t.payload FROM (SELECT died_at, id FROM graveshift.dead ORDER BY died_at DESC, id DESC LIMIT 60) d
JOIN LATERAL (SELECT payload FROM graveshift.dead_text t WHERE t.died_at = d.died_at AND t.id = d.id OFFSET 0) t ON true
"""
BESIDE = ("", "queue:mail ", "queue:reports kind:render error:OSError ", "error:*Timeout ", "error:Absent ")
PLACE = "SELECT died_at, id FROM graveshift.dead ORDER BY died_at OFFSET {} LIMIT 1"


async def looked(on: Served, *, quick: bool) -> list[Figure]:
    """Milliseconds, p95 with a budget; the floor is asyncpg's on the same tables."""
    rounds = QUICK_ROUNDS if quick else ROUNDS
    figures = []
    for way in ways():
        # A connection of its own: the backend closes one that rests while a floor is looked for.
        with closing(on.reader()) as reader:
            seen = _paged(reader, way, rounds)
        figures += _figures(f"page, {way.name}", seen, await _floor(on, way.bare), PAGE_MS)
    for part in (_deep, _keys, _groups, _things):
        with closing(on.reader()) as reader:
            figures += await part(on, reader, rounds)
    return figures


def _paged(reader: Reader, way: Way, rounds: int) -> list[float]:
    """Each query from its first page on, as a reader goes; every page counts."""
    seen: list[float] = []
    for query in islice(cycle(way.queries), max(WARM, len(way.queries))):
        reader.get("/v1/dlq", **query)
    turn = 0
    while len(seen) < rounds:
        query, cursor = way.queries[turn % len(way.queries)], None
        turn += 1
        for _ in range(PAGES):
            spent, page = _timed(reader, "/v1/dlq", **query, cursor=cursor)
            seen.append(spent)
            if (cursor := json.decode(page, type=Letters).next_cursor) is None:
                break
    return seen


async def _deep(on: Served, reader: Reader, rounds: int) -> list[Figure]:
    """From the middle of the list on, where no page before was read."""
    row = await on.bare.fetchrow(PLACE.format(on.letters // 2))
    page = reader.get("/v1/dlq", died_before=row["died_at"].isoformat(), limit=1)
    seen: list[float] = []
    while len(seen) < rounds:
        spent, page = _timed(reader, "/v1/dlq", cursor=json.decode(page, type=Letters).next_cursor)
        seen.append(spent)
    half = BARE.format(where="d.died_at < (SELECT died_at FROM graveshift.dead ORDER BY died_at LIMIT 1)")
    return _figures("page, deep cursor", seen, await _floor(on, half), PAGE_MS)


async def _keys(on: Served, reader: Reader, rounds: int) -> list[Figure]:
    """The keys of payloads, as a filter is completed with each key that is typed."""
    texts = [f"{names}payload.{begun}" for names in BESIDE for begun in ("", "u", "us")]
    seen = [_timed(reader, "/v1/query", text=text)[0] for text in islice(cycle(texts), WARM + rounds)][WARM:]
    return _figures("keys of payloads", seen, await _floor(on, PAYLOADS), PAGE_MS)


async def _groups(on: Served, reader: Reader, rounds: int) -> list[Figure]:
    ids = [group.id for group in json.decode(reader.get("/v1/groups"), type=Page[Group]).items]
    whole = _times(reader, ["/v1/groups"] * (WARM + rounds))
    one = _times(reader, [path_of("groups", id) for id in (ids * rounds)[: WARM + rounds]])
    floor = await _floor(on, GROUPS)
    return [*_figures("groups", whole, floor, GROUPS_MS), *_figures("one group", one, floor, GROUPS_MS)]


async def _things(on: Served, reader: Reader, rounds: int) -> list[Figure]:
    """Letters in full, one after the other."""
    page = json.decode(reader.get("/v1/dlq", limit=1000), type=Letters)
    seen = _times(reader, [path_of("dlq", letter.id) for letter in page.items[: WARM + rounds]])
    row = await on.bare.fetchrow(PLACE.format(on.letters // 2))
    floor = await _floor(on, ONE, row["died_at"], row["id"])
    return _figures("one letter", seen, floor, ONE_MS)


def _times(reader: Reader, paths: Sequence[str]) -> list[float]:
    """Of each but the first few."""
    return [_timed(reader, path)[0] for path in paths][WARM:]


def _timed(reader: Reader, path: str, **params: object) -> tuple[float, bytes]:
    """Milliseconds, and the answer."""
    begun = time.perf_counter()
    body = reader.get(path, **params)
    return 1000 * (time.perf_counter() - begun), body


async def _floor(on: Served, statement: str, *values: object) -> float:
    """Milliseconds at the median; the statement is prepared and its rows are read."""
    prepared, seen = await on.bare.prepare(statement), []
    for _ in range(WARM + FLOORS):
        begun = time.perf_counter()
        await prepared.fetch(*values)
        seen.append(1000 * (time.perf_counter() - begun))
    return median(seen[WARM:])


def _figures(name: str, seen: Sequence[float], floor: float, budget: float) -> list[Figure]:
    ordered = sorted(seen)
    return [
        Figure(f"{name}: p95", ordered[len(ordered) * 95 // 100], "ms", budget),
        Figure(f"{name}: p50", median(ordered), "ms"),
        Figure(f"{name}: bare statement", floor, "ms"),
    ]
