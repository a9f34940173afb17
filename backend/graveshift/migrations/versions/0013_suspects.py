"""The heads of a queue without its suspects."""

from graveshift.migrations.script import run_sql

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    run_sql("0013_suspects.sql")
