"""Why and since when queues are drained and limited, and until when a queue's jobs are held."""

from graveshift.migrations.script import run_sql

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    run_sql("0012_drains.sql")
