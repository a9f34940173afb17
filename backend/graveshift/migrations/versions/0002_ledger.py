"""The ledger: what operators planned, did and may do."""

from graveshift.migrations.script import run_sql

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    run_sql("0002_ledger.sql")
