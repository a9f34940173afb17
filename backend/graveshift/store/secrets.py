"""Secrets as the database keeps them: names, versions, sealed values; nothing here can open one."""

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct, convert
from sqlalchemy import BigInteger, Column, DateTime, Double, Integer, LargeBinary, Table, Text, func, text

from graveshift.errors import Busy, NotFound
from graveshift.store.engine import METADATA, Unit
from graveshift.wire.secrets import SecretInfo

SECRETS = Table(
    "secrets",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("max_age_s", Double),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    schema="graveshift_ledger",
)
VERSIONS = Table(
    "secret_versions",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("state", Text, nullable=False),
    Column("sealed", LargeBinary),
    Column("key_id", Text),
    Column("run_id", BigInteger),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("current_at", DateTime(timezone=True)),
    Column("valid_until", DateTime(timezone=True)),
    schema="graveshift_ledger",
)


class Sealed(Struct, frozen=True):
    """One live version; `verifies` is whether its value is good now, by the database's clock."""

    version: int
    state: str
    sealed: bytes | None
    key_id: str | None
    run_id: int | None
    valid_until: datetime | None
    verifies: bool


LIVE_RUN = """EXISTS (SELECT FROM graveshift_ledger.runs r
                       WHERE r.id = p.run_id AND r.state IN ('queued', 'running', 'paused'))"""

INFOS = text(f"""
    SELECT s.name AS id, s.name, s.kind, s.max_age_s, coalesce(c.version, 0) AS version,
           extract(epoch FROM now() - coalesce(c.current_at, s.created_at))::float8 AS age_s,
           CASE WHEN c.version > 1 THEN c.current_at END AS last_rotated_at,
           CASE WHEN p.version IS NOT NULL THEN 'rotating'
                WHEN v.version IS NOT NULL THEN 'grace'
                WHEN now() - coalesce(c.current_at, s.created_at) > make_interval(secs => s.max_age_s) THEN 'overdue'
                ELSE 'current' END AS state
      FROM graveshift_ledger.secrets s
      LEFT JOIN graveshift_ledger.secret_versions c ON c.name = s.name AND c.state = 'current'
      LEFT JOIN graveshift_ledger.secret_versions p ON p.name = s.name AND p.state = 'pending' AND {LIVE_RUN}
      LEFT JOIN graveshift_ledger.secret_versions v
             ON v.name = s.name AND v.state = 'previous' AND v.valid_until > now()
     WHERE s.name = coalesce(:name, s.name)
     ORDER BY s.name
""")

LIVE = text("""
    SELECT version, state, sealed, key_id, run_id, valid_until,
           state <> 'previous' OR valid_until > clock_timestamp() AS verifies
      FROM graveshift_ledger.secret_versions
     WHERE name = :name AND state <> 'dropped'
     ORDER BY array_position(ARRAY['current', 'previous', 'pending'], state)
""")

ADD = text("""
    INSERT INTO graveshift_ledger.secrets (name, kind, max_age_s) VALUES (:name, :kind, :max_age_s)
    ON CONFLICT (name) DO NOTHING RETURNING name
""")

ADD_CURRENT = text("""
    INSERT INTO graveshift_ledger.secret_versions (name, version, state, sealed, key_id, current_at)
    VALUES (:name, 1, 'current', :sealed, :key_id, now())
""")

LOCK = text("SELECT name FROM graveshift_ledger.secrets WHERE name = :name FOR UPDATE")

MADE_BY = text("""
    SELECT version FROM graveshift_ledger.secret_versions
     WHERE name = :name AND run_id = :run_id AND state IN ('pending', 'current')
""")

PENDING_OF_LIVE_RUN = text(f"""
    SELECT p.run_id FROM graveshift_ledger.secret_versions p
     WHERE p.name = :name AND p.state = 'pending' AND {LIVE_RUN}
""")

CLEAR_PENDING = text("""
    UPDATE graveshift_ledger.secret_versions SET state = 'dropped', sealed = NULL
     WHERE name = :name AND state = 'pending'
""")

NEXT_VERSION = text("""
    SELECT coalesce(max(version), 0) + 1 FROM graveshift_ledger.secret_versions WHERE name = :name
""")

ADD_PENDING = text("""
    INSERT INTO graveshift_ledger.secret_versions (name, version, state, sealed, key_id, run_id)
    VALUES (:name, :version, 'pending', :sealed, :key_id, :run_id)
""")

DROP_PREVIOUS = text("""
    UPDATE graveshift_ledger.secret_versions SET state = 'dropped', sealed = NULL
     WHERE name = :name AND state = 'previous'
""")

RETIRE_CURRENT = text("""
    UPDATE graveshift_ledger.secret_versions
       SET state = 'previous', valid_until = now() + make_interval(secs => :grace_s)
     WHERE name = :name AND state = 'current'
""")

MAKE_CURRENT = text("""
    UPDATE graveshift_ledger.secret_versions SET state = 'current', current_at = now()
     WHERE name = :name AND version = :version AND state = 'pending'
""")

IS_PENDING = text("""
    SELECT 1 FROM graveshift_ledger.secret_versions
     WHERE name = :name AND version = :version AND state = 'pending'
""")

DROP_PENDING = text("""
    UPDATE graveshift_ledger.secret_versions SET state = 'dropped', sealed = NULL
     WHERE name = :name AND run_id = :run_id AND state = 'pending'
""")

DROP_EXPIRED = text("""
    UPDATE graveshift_ledger.secret_versions SET state = 'dropped', sealed = NULL
     WHERE (state = 'previous' AND valid_until <= now())
        OR (state = 'pending' AND NOT EXISTS (SELECT FROM graveshift_ledger.runs r
                WHERE r.id = secret_versions.run_id AND r.state IN ('queued', 'running', 'paused')))
""")


async def infos(unit: Unit, name: str | None = None) -> Sequence[SecretInfo]:
    """Every secret, or the one of that name; ages by the database's clock."""
    result = await unit.execute(INFOS, {"name": name})
    return [convert(dict(row), SecretInfo) for row in result.mappings()]


async def live(unit: Unit, name: str) -> Sequence[Sealed]:
    """Versions that are not dropped: current, previous, pending."""
    result = await unit.execute(LIVE, {"name": name})
    return [convert(dict(row), Sealed) for row in result.mappings()]


async def add(unit: Unit, name: str, kind: str, max_age_s: float | None) -> bool:
    """Whether the secret is new."""
    result = await unit.execute(ADD, {"name": name, "kind": kind, "max_age_s": max_age_s})
    return result.first() is not None


async def add_current(unit: Unit, name: str, sealed: bytes, key_id: str) -> None:
    """Version 1 of a new secret."""
    await unit.execute(ADD_CURRENT, {"name": name, "sealed": sealed, "key_id": key_id})


async def lock(unit: Unit, name: str) -> None:
    """Changes of one secret take turns. Raises NotFound."""
    if (await unit.execute(LOCK, {"name": name})).first() is None:
        raise NotFound(f"no secret {name}")


async def made_by(unit: Unit, name: str, run_id: int) -> int | None:
    """The version this run made, pending or current."""
    found: int | None = (await unit.execute(MADE_BY, {"name": name, "run_id": run_id})).scalar_one_or_none()
    return found


async def pending_of_live_run(unit: Unit, name: str) -> int | None:
    """The run that has a version pending and has not ended."""
    found: int | None = (await unit.execute(PENDING_OF_LIVE_RUN, {"name": name})).scalar_one_or_none()
    return found


async def clear_pending(unit: Unit, name: str) -> None:
    """Drop what an ended run left pending. Raises Busy when its run lives."""
    run = await pending_of_live_run(unit, name)
    if run is not None:
        raise Busy(f"run {run} is rotating {name}")
    await unit.execute(CLEAR_PENDING, {"name": name})


async def next_version(unit: Unit, name: str) -> int:
    """Versions are never used twice."""
    number: int = (await unit.execute(NEXT_VERSION, {"name": name})).scalar_one()
    return number


async def add_pending(unit: Unit, name: str, version: int, *, sealed: bytes, key_id: str, run_id: int) -> None:
    """Keep the version that a run is about to bring in."""
    values = {"name": name, "version": version, "sealed": sealed, "key_id": key_id, "run_id": run_id}
    await unit.execute(ADD_PENDING, values)


async def advance(unit: Unit, name: str, version: int, grace_s: float) -> None:
    """Make the pending version current and let the current one verify for `grace_s` more; once."""
    if (await unit.execute(IS_PENDING, {"name": name, "version": version})).first() is None:
        return
    await unit.execute(DROP_PREVIOUS, {"name": name})
    await unit.execute(RETIRE_CURRENT, {"name": name, "grace_s": grace_s})
    await unit.execute(MAKE_CURRENT, {"name": name, "version": version})


async def drop_pending(unit: Unit, name: str, run_id: int) -> None:
    """Forget what this run made, if it is not current yet."""
    await unit.execute(DROP_PENDING, {"name": name, "run_id": run_id})


async def drop_expired(unit: Unit) -> int:
    """Forget previous versions past their grace and what ended runs left pending; how many."""
    return (await unit.execute(DROP_EXPIRED)).rowcount
