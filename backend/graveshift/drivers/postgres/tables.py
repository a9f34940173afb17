"""The queue's tables as SQLAlchemy knows them: those whose statements are put together from a filter."""

from sqlalchemy import BigInteger, Boolean, Column, DateTime, Integer, SmallInteger, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import JSON, JSONB, TSVECTOR
from sqlalchemy.types import UserDefinedType

from graveshift.store.engine import METADATA

SCHEMA = "graveshift"


class TransactionId(UserDefinedType[str]):
    """`xid8`: which transaction wrote a row, for selections frozen at a snapshot."""

    cache_ok = True

    def get_col_spec(self, **_: object) -> str:
        """The type's name in PostgreSQL."""
        return "XID8"


class Snapshot(UserDefinedType[str]):
    """`pg_snapshot`: which transactions a frozen selection can see."""

    cache_ok = True

    def get_col_spec(self, **_: object) -> str:
        """The type's name in PostgreSQL."""
        return "PG_SNAPSHOT"


def _when() -> DateTime:
    return DateTime(timezone=True)


jobs = Table(
    "jobs",
    METADATA,
    Column("id", BigInteger, primary_key=True),
    Column("run_at", _when(), nullable=False),
    Column("enqueued_at", _when(), nullable=False),
    Column("started_at", _when()),
    Column("lease_until", _when()),
    Column("lease_owner", Uuid),
    Column("xid", TransactionId, nullable=False),
    Column("run_id", BigInteger),
    Column("attempt", Integer, nullable=False),
    Column("max_attempts", Integer, nullable=False),
    Column("budget", Integer, nullable=False),
    Column("requeue_count", Integer, nullable=False),
    Column("priority", SmallInteger, nullable=False),
    Column("crashes", SmallInteger, nullable=False),
    Column("begun", Boolean, nullable=False),
    Column("cancel_requested", Boolean, nullable=False),
    Column("queue", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("unique_key", Text),
    Column("fingerprint", Text),
    Column("trace_id", Text),
    Column("held_until", _when()),
    Column("held_reason", Text),
    Column("worker_version", Text),
    schema=SCHEMA,
)

done = Table(
    "done",
    METADATA,
    Column("finished_at", _when(), primary_key=True),
    Column("id", BigInteger, primary_key=True),
    Column("enqueued_at", _when(), nullable=False),
    Column("started_at", _when()),
    Column("run_id", BigInteger),
    Column("attempt", Integer, nullable=False),
    Column("max_attempts", Integer, nullable=False),
    Column("requeue_count", Integer, nullable=False),
    Column("priority", SmallInteger, nullable=False),
    Column("queue", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("unique_key", Text),
    Column("worker", Text),
    Column("trace_id", Text),
    Column("first_of", BigInteger),
    schema=SCHEMA,
)

dead = Table(
    "dead",
    METADATA,
    Column("died_at", _when(), primary_key=True),
    Column("id", BigInteger, primary_key=True),
    Column("enqueued_at", _when(), nullable=False),
    Column("xid", TransactionId, nullable=False),
    Column("run_id", BigInteger),
    Column("attempt", Integer, nullable=False),
    Column("max_attempts", Integer, nullable=False),
    Column("budget", Integer, nullable=False),
    Column("requeue_count", Integer, nullable=False),
    Column("priority", SmallInteger, nullable=False),
    Column("queue", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("fingerprint", Text, nullable=False),
    Column("error_type", Text, nullable=False),
    Column("unique_key", Text),
    Column("worker", Text),
    Column("worker_version", Text),
    Column("trace_id", Text),
    Column("restored_at", _when()),
    schema=SCHEMA,
)

trash = Table(
    "trash",
    METADATA,
    Column("discarded_at", _when(), primary_key=True),
    Column("discarded_by", BigInteger, nullable=False),
    Column("xid", TransactionId, nullable=False),
    Column("died_at", _when(), nullable=False),
    Column("id", BigInteger, primary_key=True),
    Column("enqueued_at", _when(), nullable=False),
    Column("run_id", BigInteger),
    Column("attempt", Integer, nullable=False),
    Column("max_attempts", Integer, nullable=False),
    Column("budget", Integer, nullable=False),
    Column("requeue_count", Integer, nullable=False),
    Column("priority", SmallInteger, nullable=False),
    Column("queue", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("fingerprint", Text, nullable=False),
    Column("error_type", Text, nullable=False),
    Column("unique_key", Text),
    Column("worker", Text),
    Column("worker_version", Text),
    Column("trace_id", Text),
    schema=SCHEMA,
)

dead_text = Table(
    "dead_text",
    METADATA,
    Column("died_at", _when(), primary_key=True),
    Column("id", BigInteger, primary_key=True),
    Column("error_message", Text, nullable=False),
    Column("traceback", Text),
    Column("payload", JSON),
    Column("search", TSVECTOR, nullable=False),
    Column("document", JSONB),
    schema=SCHEMA,
)

# As statements name it that look into what letters carry.
carried = dead_text.alias("carried")
