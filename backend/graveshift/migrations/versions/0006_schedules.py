"""The timetable: how far each schedule has come; and marks of deploys."""

from graveshift.migrations.script import run_sql

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    run_sql("0006_schedules.sql")
