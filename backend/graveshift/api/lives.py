"""Where a letter stands: who brought its job back before, and how many letters died of the same cause."""

import asyncio

from msgspec.structs import replace

from graveshift.api.ports import Rooms
from graveshift.store.position import job_number
from graveshift.wire.dlq import LetterDetail, Life

MOST = 20


async def placed(rooms: Rooms, letter: LetterDetail) -> LetterDetail:
    """With the operators of its last lives, and the number of its siblings; each by an index."""
    lives = letter.lives[-MOST:]
    siblings, *told = await asyncio.gather(_siblings(rooms, letter), *(_told(rooms, life) for life in lives))
    return replace(letter, siblings=siblings, lives=told)


async def _siblings(rooms: Rooms, letter: LetterDetail) -> int | None:
    letters = rooms.letters.get(letter.system)
    group = await letters.group(f"{letter.queue}/{letter.kind}/{letter.fingerprint}") if letters else None
    return max(1, group.dead) if group else None


async def _told(rooms: Rooms, life: Life) -> Life:
    number = job_number(life.run_id)
    run = await rooms.runs.one(number) if number is not None else None
    return replace(life, by=run.actor) if run else life
