"""The night that the backend in memory tells of: its causes, its verbs, and how its rows are found."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from msgspec import Struct
from msgspec.structs import asdict

from graveshift.wire.audit import AuditEntry
from graveshift.wire.dlq import Letter, LetterDetail
from graveshift.wire.operations import Danger
from graveshift.wire.queues import Queue
from graveshift.wire.selection import Filter
from graveshift.wire.trash import Discarded

START: Final = datetime(2026, 11, 22, 3, 12, 41, tzinfo=UTC)
CAUSES: Final = (
    ("webhooks", "webhook.deliver", "ConnectTimeout", "POST https://<host>/hook after <n>s", 60, 930.0),
    ("parse", "file.parse", "KeyError", "'iban' in parse_file", 12, 9.0),
    ("orders", "order.write", "IntegrityError", "duplicate key value violates orders_uniq", 5, 0.0),
    ("webhooks", "webhook.deliver", "HTTPStatusError", "401 from partner-x", 3, 5.0),
    ("mail", "mail.send", "SMTPRecipientsRefused", "550 no such user", 1, 0.0),
)
OPERATIONS: Final = (
    ("dlq.requeue", "Requeue dead letters", Danger.BULK), ("dlq.discard", "Discard dead letters", Danger.DESTRUCTIVE),
    ("dlq.reveal", "Reveal letter", Danger.SAFE),
    ("dlq.restore", "Restore letters", Danger.BULK), ("trash.empty", "Empty trash", Danger.DESTRUCTIVE),
    ("queue.pause", "Pause a queue", Danger.SAFE), ("queue.resume", "Resume a queue", Danger.SAFE),
    ("group.claim", "Claim a cause", Danger.SAFE),
    ("group.note", "Write a note on a cause", Danger.SAFE),
    ("queue.limit", "Limit a queue", Danger.SAFE), ("queue.drain", "Drain a queue", Danger.BULK),
    ("queue.purge", "Purge a queue", Danger.DESTRUCTIVE),
    ("schedule.fire", "Fire schedule", Danger.SAFE), ("schedule.pause", "Pause schedule", Danger.SAFE),
    ("schedule.resume", "Resume schedule", Danger.SAFE), ("job.hold", "Hold jobs", Danger.BULK),
    ("job.cancel", "Cancel jobs", Danger.BULK), ("run.undo", "Undo a run", Danger.BULK),
    ("filter.save", "Save filter", Danger.SAFE), ("filter.drop", "Drop filter", Danger.SAFE),
    ("backup.create", "Back up", Danger.SAFE), ("secret.rotate", "Rotate a secret", Danger.BULK),
)  # fmt: skip


def discarded(letter: LetterDetail, at: datetime) -> Discarded:
    """The letter as the trash lists it."""
    fields = {name: getattr(letter, name) for name in Letter.__struct_fields__}
    return Discarded(**fields, discarded_at=at, discarded_by="81")


def after(
    operation: str, chosen: Sequence[LetterDetail], letters: Sequence[LetterDetail], trash: Sequence[LetterDetail]
) -> tuple[list[LetterDetail], list[LetterDetail]]:
    """Letters and trash once a verb has moved the chosen ones."""
    gone = {letter.id for letter in chosen}
    left, kept = ([letter for letter in place if letter.id not in gone] for place in (letters, trash))
    if operation == "dlq.restore":
        left = [*chosen, *left]
    return left, [*kept, *(chosen if operation == "dlq.discard" else ())]


def id_of(row: Struct) -> str:
    return str(row.seq) if isinstance(row, AuditEntry) else str(getattr(row, "id", ""))


def place_after(ids: Sequence[str], cursor: str, *, oldest_first: bool = False) -> int:
    """Where to go on after a row that is gone: ids of letters sort by their time of death."""
    beyond = (id > cursor if oldest_first else id < cursor for id in ids)
    return next((i for i, is_beyond in enumerate(beyond) if is_beyond), len(ids))


def matches(row: Struct, given: Filter | None) -> bool:
    wanted = {k: v for k, v in asdict(given).items() if v not in (None, [])} if given else {}
    after, before = wanted.pop("died_after", None), wanted.pop("died_before", None)
    if isinstance(row, Letter) and not ((not after or row.died_at > after) and (not before or row.died_at < before)):
        return False
    text = str(wanted.pop("text", "")).lower()
    if isinstance(row, Queue) and "queue" in wanted:
        wanted["name"] = wanted.pop("queue")
    return text in str(row).lower() and all(getattr(row, name, None) == value for name, value in wanted.items())
