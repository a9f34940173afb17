"""Letters with new payloads: what an edit would make of a few of them, and a chunk of them moved."""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import structs

from graveshift.back import Back
from graveshift.driver import Letters, Move, Source, Unit, Verdict
from graveshift.selection import Aim, Frost, natives
from graveshift.selection.patching import Unpatchable, changes, patched
from graveshift.wire.ids import encode
from graveshift.wire.plans import Sample
from graveshift.wire.runs import Outcome

Edit = tuple[str | None, Mapping[str, Any] | None]
"""A whole payload, or a patch."""

SHOWN = 3


async def edited_samples(
    aim: Aim[Letters], frost: Frost, payload: str | None, patch: Mapping[str, Any] | None
) -> tuple[list[Sample], int]:
    """What becomes of the first three, and how many bytes their payloads have, the longest of them."""
    if payload is None and patch is None:
        return [], 0
    ids = await aim.pick(frost, None, SHOWN)
    source = aim.source(ids)
    if source is None:
        return [], 0
    texts = await source.payloads(natives(ids))
    found = [_sample(encode(source.system, native), text, (payload, patch)) for native, text in texts.items()]
    return found, max((len(text.encode()) for text in texts.values()), default=0)


async def moved_edited(
    source: Source, unit: Unit, letters: Sequence[str], run_id: int, *, back: Back, edit: Edit
) -> Sequence[Verdict]:
    """Those that can be edited are moved so; what cannot be patched stays, a conflict. One verdict a letter."""
    edited: dict[str, str] = {}
    stuck: list[Verdict] = []
    for native, text in (await source.payloads(letters)).items():
        try:
            new = _edited(text, edit)
        except Unpatchable as why:
            stuck.append(Verdict(encode(source.system, native), Outcome.CONFLICT, str(why)))
        else:
            if new != text:
                edited[native] = new
    stay = {verdict.id for verdict in stuck}
    rest = [native for native in letters if encode(source.system, native) not in stay]
    if not rest:
        return stuck
    back = structs.replace(back, edited=edited)
    return [*stuck, *await source.move(unit, rest, Move.REQUEUE, run_id, back=back)]


def _edited(text: str, edit: Edit) -> str:
    payload, patch = edit
    return payload if payload is not None else patched(text, patch or {})


def _sample(id: str, text: str, edit: Edit) -> Sample:
    try:
        return Sample(id, changes(text, _edited(text, edit)))
    except Unpatchable as why:
        return Sample(id, refused=str(why))
