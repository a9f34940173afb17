"""A filter as conditions on the tables of letters and of jobs, and what a frozen selection can see."""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import structs
from sqlalchemy import (
    Boolean,
    ColumnElement,
    FromClause,
    Table,
    Text,
    and_,
    cast,
    false,
    func,
    literal,
    literal_column,
    or_,
)
from sqlalchemy.dialects.postgresql import JSONB

from graveshift.driver import Frozen
from graveshift.drivers.postgres.tables import Snapshot, TransactionId, carried, dead
from graveshift.matching import plain
from graveshift.store.position import job_number
from graveshift.wire.selection import CARRIED, Filter

Conditions = list[ColumnElement[bool]]
# Each with an index of its own in the order of death; what tells most apart comes first.
LEADS = ("fingerprint", "error_type", "kind", "version", "queue")
ALIASES: Mapping[str, str] = {"worker_version": "version"}
SIMPLE: ColumnElement[str] = literal_column("CAST('simple' AS regconfig)", Text)


def letters_where(chosen: Filter, system: str, table: Table = dead) -> Conditions:
    """Conditions on `dead` or `trash`; what a letter carries is not among them: see `inside`.

    Nothing dies before it is enqueued, and by death whole days can be left out.
    """
    conditions = _of_letters(chosen, system, table)
    if chosen.enqueued_after is not None:
        conditions.append(table.c.died_at > chosen.enqueued_after)
    for excluded in chosen.without:
        if not excluded.given & CARRIED:
            conditions.append(~func.coalesce(and_(*_of_letters(excluded, system, table)), false()))
    return conditions


def leading(chosen: Filter) -> Sequence[str]:
    """Those of the conditions that lead along an index of their own, the best one first."""
    return [name for name in LEADS if (value := getattr(chosen, name)) is not None and "*" not in value]


def times(chosen: Filter) -> Conditions:
    """The bounds on the time of death, on `carried`."""
    later = [] if chosen.enqueued_after is None else [carried.c.died_at > chosen.enqueued_after]
    return [*later, *_between(carried, chosen, "died")]


def led(chosen: Filter, system: str) -> tuple[Conditions, Conditions]:
    """Conditions on `dead` that one index serves in the order of death, and those that are then left to look at."""
    whole = leading(chosen)
    first_of = [*whole[:1], "run_id", "system", "died_after", "died_before"]
    rest = structs.replace(chosen, **dict.fromkeys(first_of))
    first = letters_where(structs.replace(Filter(), **{name: getattr(chosen, name) for name in first_of}), system)
    if chosen.enqueued_after is not None:
        first.append(dead.c.died_at > chosen.enqueued_after)
    return first, letters_where(rest, system)


def _of_letters(chosen: Filter, system: str, table: Table) -> Conditions:
    fields = ("queue", "kind", "fingerprint", "error_type", "worker_version")
    conditions = _named(table, chosen, system, fields) + _counted(table, chosen) + _between(table, chosen, "enqueued")
    return conditions + _between(table, chosen, "died")


def jobs_where(table: Table, chosen: Filter, system: str) -> Conditions:
    """Conditions on one of the tables that hold jobs; `state` only where the table has one.

    What is in the payload is not among them, because it is a matter of `payloads`.
    """
    conditions = _of_jobs(table, chosen, system)
    for excluded in chosen.without:
        if not excluded.given & CARRIED:
            conditions.append(~func.coalesce(and_(*_of_jobs(table, excluded, system)), false()))
    return conditions


def _of_jobs(table: Table, chosen: Filter, system: str) -> Conditions:
    """What ended well failed in no version and of no cause; letters have the one state that they are asked for in."""
    fields = ("queue", "kind", "fingerprint", "worker_version")
    conditions = _named(table, chosen, system, fields) + _counted(table, chosen) + _between(table, chosen, "enqueued")
    if chosen.state is not None:
        conditions.append(table.c.state == chosen.state if "state" in table.c else literal(chosen.state == "dead"))
    return conditions


def _named(table: Table, chosen: Filter, system: str, fields: Sequence[str]) -> Conditions:
    given = [(field, getattr(chosen, ALIASES.get(field, field))) for field in fields]
    conditions: Conditions = [
        named(table.c[field], value) if field in table.c else false() for field, value in given if value is not None
    ]
    if chosen.run_id is not None:
        run = job_number(chosen.run_id)
        moved_by = table.c.discarded_by if "discarded_by" in table.c else table.c.run_id
        conditions.append(false() if run is None else moved_by == run)
    if chosen.system is not None:
        conditions.append(literal(chosen.system == system))
    return conditions


def named(column: ColumnElement[Any], value: str) -> ColumnElement[bool]:
    """True for the value, in which a `*` stands for anything."""
    if "*" not in value:
        return column == value
    parts = (part.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_") for part in value.split("*"))
    return column.like("%".join(parts))


def _counted(table: Table, chosen: Filter) -> Conditions:
    attempts, requeued = table.c.attempt, table.c.requeue_count
    bounds = (
        (attempts, chosen.attempts_min, chosen.attempts_max),
        (requeued, chosen.requeued_min, chosen.requeued_max),
    )
    low: Conditions = [column >= least for column, least, _ in bounds if least is not None]
    return low + [column <= most for column, _, most in bounds if most is not None]


def _between(table: FromClause, chosen: Filter, what: str) -> Conditions:
    column = table.c[f"{what}_at"]
    after, before = getattr(chosen, f"{what}_after"), getattr(chosen, f"{what}_before")
    later: Conditions = [] if after is None else [column > after]
    return later if before is None else [*later, column < before]


def inside(chosen: Filter) -> Conditions:
    """Conditions on `carried`; secret values are not among them: no index knows those."""
    excluded = [one for one in chosen.without if one.given & CARRIED and not one.veiled]
    conditions = _inside(chosen)
    return conditions + [~func.coalesce(and_(*_inside(one)), false()) for one in excluded]


def _inside(chosen: Filter) -> Conditions:
    conditions: Conditions = []
    if chosen.text is not None:
        conditions.append(_has(func.plainto_tsquery, chosen.text))
    conditions += [_has(func.phraseto_tsquery, phrase) for phrase in chosen.phrases]
    either = [*([] if chosen.payload is None else [[chosen.payload]]), *chosen.contains]
    return conditions + [or_(*(carried.c.document.contains(_json(one)) for one in wanted)) for wanted in either]


def _has(query: Any, words: str) -> ColumnElement[bool]:
    """True for texts that contain all the words."""
    return carried.c.search.bool_op("@@")(query(SIMPLE, func.graveshift.plain(words)))


def _json(wanted: str) -> ColumnElement[Any]:
    return cast(literal(plain(wanted), Text), JSONB)


def visible(table: Table, frozen: Frozen) -> ColumnElement[bool]:
    """True for rows that the frozen selection can see."""
    return func.pg_visible_in_snapshot(table.c.xid, _snapshot(frozen), type_=Boolean)


def arrived(table: Table, frozen: Frozen) -> Conditions:
    """True for rows that came after it; the first condition is what an index on `xid` can find them by."""
    oldest = func.pg_snapshot_xmin(_snapshot(frozen), type_=TransactionId)
    return [table.c.xid >= oldest, ~visible(table, frozen)]


def _snapshot(frozen: Frozen) -> ColumnElement[str]:
    return cast(literal(frozen.snapshot), Snapshot)
