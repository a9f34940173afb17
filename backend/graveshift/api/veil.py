"""No answer leaves with a secret in it: payloads and error texts go through redaction on their way out."""

from typing import Any

from msgspec import Raw, Struct
from msgspec.structs import replace

from graveshift.redaction import Redaction
from graveshift.wire.dlq import Attempt, Letter, LetterDetail
from graveshift.wire.groups import Group
from graveshift.wire.jobs import JobDetail
from graveshift.wire.overview import Overview
from graveshift.wire.page import Page
from graveshift.wire.runs import Item, Run

TOLD = (Letter, Attempt, Group, Run, Item)
TEXTS = ("error_message", "traceback", "message", "error", "detail")


def veiled(answer: Any, redaction: Redaction) -> Any:
    """The same with `***` for what is secret; what holds neither payload nor error text comes back as it is."""
    if not redaction.enabled:
        return answer
    match answer:
        case Page():
            return replace(answer, items=[veiled(item, redaction) for item in answer.items])
        case Overview():
            lists = {name: [veiled(one, redaction) for one in getattr(answer, name)] for name in ("groups", "runs")}
            return replace(answer, **lists)
        case LetterDetail():
            history = [veiled(tried, redaction) for tried in answer.history]
            return _texts(replace(answer, payload=_payload(answer.payload, redaction), history=history), redaction)
        case JobDetail():
            return replace(answer, payload=_payload(answer.payload, redaction))
        case _:
            return _texts(answer, redaction) if isinstance(answer, TOLD) else answer


def _payload(payload: Raw, redaction: Redaction) -> Raw:
    return Raw(redaction.payload(bytes(payload)))


def _texts(answer: Struct, redaction: Redaction) -> Struct:
    given = {name: getattr(answer, name) for name in TEXTS if name in answer.__struct_fields__}
    shown = {name: redaction.text(text) for name, text in given.items() if text}
    changed = {name: text for name, text in shown.items() if text != given[name]}
    return replace(answer, **changed) if changed else answer
