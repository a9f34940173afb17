"""Kinds that workers know, and runs that wait."""

from graveshift.migrations.script import run_sql

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    run_sql("0017_plans.sql")
