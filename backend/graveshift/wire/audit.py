"""The record: who did what, in order."""

from datetime import datetime

from msgspec import Struct


class AuditEntry(Struct, frozen=True, kw_only=True):
    """`seq` grows by one and has no gaps. `source` is where the request came from, as the program there says of itself:
    `cli`, `console`, `http` (any other), or from the backend's own host `direct`.
    """

    seq: int
    at: datetime
    actor: str
    operation: str
    outcome: str
    plan_id: str | None = None
    run_id: str | None = None
    reason: str | None = None
    total: int | None = None
    source: str | None = None
