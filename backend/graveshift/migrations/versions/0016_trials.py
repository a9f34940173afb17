"""Canaries that go ahead and past a pause; first attempts by run; runs that stop themselves."""

from graveshift.migrations.script import run_sql

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    run_sql("0016_trials.sql")
