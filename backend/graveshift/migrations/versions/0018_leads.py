"""Letters of one error, and of one kind, have an index in the order of death."""

from graveshift.migrations.script import run_sql

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    run_sql("0018_leads.sql")
