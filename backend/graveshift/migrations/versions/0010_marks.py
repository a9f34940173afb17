"""Pauses of schedules, notes of marks, and the worker versions that a cause was seen in."""

from graveshift.migrations.script import run_sql

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    run_sql("0010_marks.sql")
