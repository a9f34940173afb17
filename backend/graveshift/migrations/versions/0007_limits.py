"""Limits of a queue: jobs at once and starts a second, across the fleet."""

from graveshift.migrations.script import run_sql

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    run_sql("0007_limits.sql")
