"""What the planner is told of the heads of a queue."""

from graveshift.migrations.script import run_sql

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    run_sql("0008_heads.sql")
