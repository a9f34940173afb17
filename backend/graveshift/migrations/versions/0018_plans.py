"""Kinds that workers know, and runs that wait."""

from graveshift.migrations.script import run_sql

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    run_sql("0018_plans.sql")
