"""Letters are found by what is in their payloads, and by the words of their error's type."""

from graveshift.migrations.script import run_sql

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    run_sql("0017_search.sql")
