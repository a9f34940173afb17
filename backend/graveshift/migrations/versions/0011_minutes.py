"""What happened in all queues in two rows a minute, and the last minutes of each by an index."""

from graveshift.migrations.script import run_sql

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    run_sql("0011_minutes.sql")
