"""Holds, drained queues, and what a filter by payload and by version looks at."""

from graveshift.migrations.script import run_sql

revision = "0005"
down_revision = "0003"


def upgrade() -> None:
    run_sql("0005_holds.sql")
