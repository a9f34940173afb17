"""Who paused, resumed or cancelled a run last, and who set its rate."""

from graveshift.migrations.script import run_sql

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    run_sql("0022_steered.sql")
