"""Edit and requeue: the payload of one letter in a pane, or a merge patch for a cause or the marks."""

import asyncio
import json
from collections.abc import Callable
from functools import partial

from msgspec import Struct
from msgspec.structs import replace

from graveshift.wire.dlq import Letter, LetterDetail
from graveshift_tui.operate import Ask
from graveshift_tui.pretty import pretty
from graveshift_tui.screens import verbs
from graveshift_tui.screens.flows.asking import Flow
from graveshift_tui.screens.patches import Inexpressible, patch_of

REQUEUE = "dlq.requeue"
# Bytes of a payload that are laid out while nobody waits.
MOST = 100_000


def edit(flow: Flow) -> None:
    """One letter by its payload; a cause, a queue or the marks by a patch."""
    row = flow.subject.row
    if isinstance(row, Letter) and not flow.subject.marked:
        flow.desk.ask(_laid_out(flow, row.id), partial(_payload, flow))
    else:
        _patch(flow, verbs.letters(REQUEUE, flow.subject))


async def _laid_out(flow: Flow, id: str) -> tuple[Struct, str]:
    """The letter, and its payload to be edited: megabytes are laid out beside the keys, not before them."""
    found = await flow.client.one("dlq", id)
    payload = bytes(found.payload) if isinstance(found, LetterDetail) else b""
    return found, await asyncio.to_thread(pretty, payload) if len(payload) > MOST else pretty(payload)


def _payload(flow: Flow, read: tuple[Struct, str]) -> None:
    found, was = read
    if not isinstance(found, LetterDetail):
        raise verbs.NotHere("this is no letter")
    from graveshift_tui.widgets.editpane import EditPane, no_json

    def wrong(text: str) -> str | None:
        if said := no_json(text):
            return said
        try:
            patch_of(was, text)
        except Inexpressible as why:
            return str(why)
        except RecursionError:
            return "it is nested too deeply to be edited here"
        return None

    def done(text: str) -> None:
        edit = patch_of(was, text)
        if edit is None:
            flow.desk.tell("nothing was edited, so nothing is requeued")
            return
        args: dict[str, object] = {"selection": {"ids": [found.id]}, "rate": None, **edit}
        flow.desk.order(Ask(REQUEUE, args, "Edit and requeue", f"this letter: {verbs.letter_name(found)}"))

    title = f"The payload of this letter: {verbs.letter_name(found)}; as it shall come back"
    flow.lay(EditPane(title, was, wrong, flow.drafts.get(found.id)), partial(_kept, flow, found.id, done))


def _patch(flow: Flow, ask: Ask) -> None:
    from graveshift_tui.widgets.editpane import EditPane, no_patch

    def done(text: str) -> None:
        flow.desk.order(replace(ask, args={**ask.args, "patch": json.loads(text)}, title="Edit and requeue"))

    of, title = json.dumps(ask.args), f"A merge patch for {ask.scope}: what it names is set, null takes away"
    flow.lay(EditPane(title, "{\n  \n}\n", no_patch, flow.drafts.get(of)), partial(_kept, flow, of, done))


def _kept(flow: Flow, of: str, then: Callable[[str], None], text: str | None) -> None:
    """Goes on with the text, which is there again where that comes to nothing; what was left is forgotten."""
    flow.drafts.clear()
    if text is not None:
        flow.drafts[of] = text
        then(text)
