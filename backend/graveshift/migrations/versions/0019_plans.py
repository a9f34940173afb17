"""Kinds that workers know, and runs that wait."""

from graveshift.migrations.script import run_sql

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    run_sql("0019_plans.sql")
