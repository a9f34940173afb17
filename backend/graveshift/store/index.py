"""Keeping the index of foreign letters: what a scan found goes in, what left its system goes out."""

from collections.abc import Sequence

from msgspec import structs
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from graveshift.driver import Scan, Source
from graveshift.store.engine import Unit, open_unit
from graveshift.wire import ids
from graveshift.wire.dlq import Letter

SCAN = 1000
CHECKED = 1000

MARK = text("SELECT mark FROM graveshift_ledger.marks WHERE system = :system")
SET_MARK = text("""
    INSERT INTO graveshift_ledger.marks (system, mark) VALUES (:system, :mark)
    ON CONFLICT (system) DO UPDATE SET mark = excluded.mark, at = now()
""")
KEEP = text("""
    INSERT INTO graveshift_ledger.letters
        (system, died_at, id, job_id, queue, kind, fingerprint, error_type, error_message, attempts, max_attempts,
         enqueued_at, requeue_count)
    VALUES (:system, :died_at, :id, :job_id, :queue, :kind, :fingerprint, :error_type, :error_message, :attempts,
            :max_attempts, :enqueued_at, :requeue_count)
    ON CONFLICT (system, died_at, id) DO NOTHING
""")
FORGET = text("DELETE FROM graveshift_ledger.letters WHERE system = :system AND id = ANY(CAST(:ids AS text[]))")
OLDEST_LOOK = text("""
    UPDATE graveshift_ledger.letters SET seen_at = now() WHERE (system, died_at, id) IN (
        SELECT system, died_at, id FROM graveshift_ledger.letters WHERE system = :system ORDER BY seen_at LIMIT :limit
    ) RETURNING id
""")


async def index(engine: AsyncEngine, source: Source) -> int:
    """Read on from the mark until nothing more is found, then re-check a thousand; returns how many letters came in."""
    found = 0
    while True:
        async with open_unit(engine) as unit:
            mark = (await unit.execute(MARK, {"system": source.system})).scalar_one_or_none()
        scan = await source.scan(mark, SCAN)
        found += len(scan.letters)
        await _keep(engine, source.system, scan)
        if not scan.more:
            break
    await _recheck(engine, source)
    return found


async def _keep(engine: AsyncEngine, system: str, scan: Scan) -> None:
    async with open_unit(engine) as unit:
        for letter in scan.letters:
            await unit.execute(KEEP, _row(letter))
        await _forget(unit, system, scan.vanished)
        await unit.execute(SET_MARK, {"system": system, "mark": scan.mark})
        await unit.commit()


async def _recheck(engine: AsyncEngine, source: Source) -> None:
    """The letters not looked at for longest: whatever was deleted behind our back leaves within a few turns."""
    async with open_unit(engine) as unit:
        rows = await unit.execute(OLDEST_LOOK, {"system": source.system, "limit": CHECKED})
        checked: Sequence[str] = list(rows.scalars())
        standing = set(await source.standing(checked))
        await _forget(unit, source.system, [native for native in checked if native not in standing])
        await unit.commit()


async def _forget(unit: Unit, system: str, natives: Sequence[str]) -> None:
    if natives:
        await unit.execute(FORGET, {"system": system, "ids": list(natives)})


def _row(letter: Letter) -> dict[str, object]:
    native = ids.decode(letter.id)
    job = ids.decode(letter.job_id)
    if native is None or job is None:
        raise ValueError(f"{letter.id} is no id")
    return structs.asdict(letter) | {"id": native[1], "job_id": job[1]}
