"""Letters with new payloads: what an edit would make of a few of them, and a chunk of them moved."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import structs

from graveshift.back import Back
from graveshift.driver import Letters, Move, Source, Unit, Verdict
from graveshift.errors import Invalid
from graveshift.redaction import Redaction
from graveshift.redaction.strings import MASK
from graveshift.selection import Aim, Frost, natives
from graveshift.selection.patching import Unpatchable, changes, patched
from graveshift.wire.ids import encode
from graveshift.wire.plans import Change, Sample
from graveshift.wire.runs import Outcome

Edit = tuple[str | None, Mapping[str, Any] | None]
"""A whole payload, or a patch."""

SHOWN = 3


async def edited_samples(aim: Aim[Letters], frost: Frost, edit: Edit, redaction: Redaction) -> tuple[list[Sample], int]:
    """What becomes of the first three, masked, and how many bytes the longest of their payloads has.

    Raises Invalid for a payload that comes from a masked view, and would write the mask over what is there.
    """
    if edit == (None, None):
        return [], 0
    ids = await aim.pick(frost, None, SHOWN)
    source = aim.source(ids)
    if source is None:
        return [], 0
    texts = await source.payloads(natives(ids))
    payload = edit[0]
    if payload is not None and any(_from_masked(payload, text, redaction) for text in texts.values()):
        raise Invalid(f"the payload still holds `{MASK}` where a secret is masked: give a `patch` - at `$.payload`")
    found = [_sample(encode(source.system, native), text, edit, redaction) for native, text in texts.items()]
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


def _from_masked(payload: str, original: str, redaction: Redaction) -> bool:
    return MASK in payload and MASK not in original and redaction.payload(original.encode()) != original.encode()


def _sample(id: str, text: str, edit: Edit, redaction: Redaction) -> Sample:
    try:
        found = changes(text, _edited(text, edit))
    except Unpatchable as why:
        return Sample(id, refused=str(why))
    return Sample(id, [_masked(change, redaction) for change in found])


def _masked(change: Change, redaction: Redaction) -> Change:
    """Each value as it would be shown at its place in the payload."""
    return Change(change.path, *(_shown(change.path, value, redaction) for value in (change.before, change.after)))


def _shown(path: str, value: str | None, redaction: Redaction) -> str | None:
    if value is None:
        return None
    names = path.split(".")
    head = "".join(f"{{{json.dumps(name)}:" for name in names)
    shown = redaction.payload(f"{head}{value}{'}' * len(names)}".encode("utf-8", "replace"))
    try:
        found = json.loads(shown)
        for name in names:
            if not isinstance(found, dict):
                break
            found = found[name]
    except (ValueError, KeyError, RecursionError):
        return "a long value"
    return value if shown.startswith(f"{head}{value}".encode("utf-8", "replace")) else json.dumps(found)
