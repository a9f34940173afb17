"""A filter as conditions on the tables of letters and of jobs, and what a frozen selection can see."""

from collections.abc import Sequence

from sqlalchemy import Boolean, ColumnElement, Table, cast, false, func, literal

from graveshift.driver import Frozen
from graveshift.drivers.postgres.tables import Snapshot, TransactionId, dead
from graveshift.store.position import job_number
from graveshift.wire.selection import Filter

Conditions = list[ColumnElement[bool]]


def letters_where(chosen: Filter, system: str, table: Table = dead) -> Conditions:
    """Conditions on `dead` or `trash`; `text` is not among them, because it is a matter of `dead_text`."""
    conditions = _named(table, chosen, system, ("queue", "kind", "fingerprint", "error_type"))
    if chosen.died_after is not None:
        conditions.append(table.c.died_at > chosen.died_after)
    if chosen.died_before is not None:
        conditions.append(table.c.died_at < chosen.died_before)
    return conditions


def jobs_where(table: Table, chosen: Filter, system: str) -> Conditions:
    """Conditions on one of the tables that hold jobs; `state` only where the table has one.

    `payload` is not among them, because it is a matter of `payloads`. What ended well failed in no version.
    """
    fields = ("queue", "kind", "state") if "state" in table.c else ("queue", "kind")
    conditions = _named(table, chosen, system, fields)
    if chosen.version is not None:
        conditions.append(table.c.worker_version == chosen.version if "worker_version" in table.c else false())
    if chosen.enqueued_after is not None:
        conditions.append(table.c.enqueued_at > chosen.enqueued_after)
    if chosen.enqueued_before is not None:
        conditions.append(table.c.enqueued_at < chosen.enqueued_before)
    return conditions


def _named(table: Table, chosen: Filter, system: str, fields: Sequence[str]) -> Conditions:
    given = [(table.c[field], getattr(chosen, field)) for field in fields]
    conditions: Conditions = [column == value for column, value in given if value is not None]
    if chosen.run_id is not None:
        run = job_number(chosen.run_id)
        moved_by = table.c.discarded_by if "discarded_by" in table.c else table.c.run_id
        conditions.append(false() if run is None else moved_by == run)
    if chosen.system not in (None, system):
        conditions.append(false())
    return conditions


def visible(table: Table, frozen: Frozen) -> ColumnElement[bool]:
    """True for rows that the frozen selection can see."""
    return func.pg_visible_in_snapshot(table.c.xid, _snapshot(frozen), type_=Boolean)


def arrived(table: Table, frozen: Frozen) -> Conditions:
    """True for rows that came after it; the first condition is what an index on `xid` can find them by."""
    oldest = func.pg_snapshot_xmin(_snapshot(frozen), type_=TransactionId)
    return [table.c.xid >= oldest, ~visible(table, frozen)]


def _snapshot(frozen: Frozen) -> ColumnElement[str]:
    return cast(literal(frozen.snapshot), Snapshot)
