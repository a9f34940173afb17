"""What is known of a cause: how often it came back, what became of what was requeued, who is on it."""

from graveshift.migrations.script import run_sql

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    run_sql("0020_causes.sql")
