"""The fleet: what operators want of each worker, and how it is."""

from graveshift.migrations.script import run_sql

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    run_sql("0003_fleet.sql")
