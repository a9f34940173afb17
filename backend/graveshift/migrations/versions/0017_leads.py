"""Letters of one error, and of one kind, have an index in the order of death."""

from graveshift.migrations.script import run_sql

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    run_sql("0017_leads.sql")
