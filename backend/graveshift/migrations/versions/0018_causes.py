"""What is known of a cause: how often it came back, what became of what was requeued, who is on it."""

from graveshift.migrations.script import run_sql

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    run_sql("0018_causes.sql")
