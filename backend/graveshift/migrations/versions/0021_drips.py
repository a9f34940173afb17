"""How fast runs drip, and when what they move is due."""

from graveshift.migrations.script import run_sql

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    run_sql("0021_drips.sql")
