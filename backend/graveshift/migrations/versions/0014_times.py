"""What the SQL function `enqueue` refuses as a time."""

from graveshift.migrations.script import run_sql

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    run_sql("0014_times.sql")
