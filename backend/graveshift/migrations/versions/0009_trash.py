"""Keeping: a trash for discarded letters, days dropped in small steps, and a record that may forget what is old."""

from graveshift.migrations.script import run_sql

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    run_sql("0009_trash.sql")
