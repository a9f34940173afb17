"""Kinds that workers know, and runs that wait."""

from graveshift.migrations.script import run_sql

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    run_sql("0016_plans.sql")
