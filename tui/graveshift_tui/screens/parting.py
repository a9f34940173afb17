"""`:by FIELD`: the cause under the cursor by any field of its payloads, by version or by age."""

from graveshift.wire.dlq import Letter
from graveshift.wire.groups import Faceted, Group
from graveshift.wire.ids import group_id
from graveshift_tui import format as f
from graveshift_tui.card import Subject
from graveshift_tui.client import Client, decode, path_of
from graveshift_tui.sanitize import clean
from graveshift_tui.screens.typed import Unclear

SHOWN = 8


def cause_of(subject: Subject, field: str) -> str:
    """The id of the cause, also of a letter's. Raises Unclear where there is none, or no field was named."""
    if not field.strip():
        raise Unclear("`:by FIELD` wants a field, as in `:by payload.user`, `:by version` or `:by enqueued`")
    match subject.row:
        case Group() as group:
            return group.id
        case Letter() as letter:
            return group_id(letter.system, letter.queue, letter.kind, letter.fingerprint)
    raise Unclear("no cause is under the cursor: go to groups first")


async def parted(client: Client, cause: str, field: str) -> str:
    """What to say: the most frequent values, and of what sample."""
    found = decode(await client.fetch(f"{path_of('groups', cause)}/facets", {"by": field.strip()}), Faceted)
    if not found.facet.values:
        return f"no {clean(field.strip(), 60)} in {found.sample}"
    values = [f"{clean(value.value, 40)} {value.share:.0%}" for value in found.facet.values[:SHOWN]]
    rest = len(found.facet.values) - len(values) + found.facet.more
    more = [f"{f.count(rest)} more"] if rest else []
    return f"by {clean(found.facet.by, 60)}: {', '.join([*values, *more])}; of {found.sample}"
