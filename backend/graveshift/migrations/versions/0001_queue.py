"""The queue: live jobs, their ends, and the counters that make every read flat."""

from graveshift.migrations.script import run_sql

revision = "0001"
down_revision = None


def upgrade() -> None:
    run_sql("0001_queue.sql")
