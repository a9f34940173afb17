"""What the planner is told of the heads of a queue."""

from graveshift.migrations.script import run_sql

revision = "0012"
down_revision = "0006"


def upgrade() -> None:
    run_sql("0012_speed.sql")
