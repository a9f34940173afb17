"""Run a file of SQL statements inside a migration's transaction."""

from pathlib import Path
from typing import TYPE_CHECKING, cast

from alembic import op
from sqlalchemy import text

if TYPE_CHECKING:
    from sqlalchemy.connectors.asyncio import AsyncAdapt_dbapi_connection

FOLDER = Path(__file__).parent / "sql"


def run_sql(name: str) -> None:
    """Execute `sql/<name>`, which may hold many statements and functions with semicolons in them.

    The driver's simple protocol takes a whole script; the statement before it opens the transaction,
    which SQLAlchemy does not do for a script handed to the driver directly.
    """
    script = (FOLDER / name).read_text()
    bind = op.get_bind()
    bind.execute(text("SELECT 1"))
    raw = cast("AsyncAdapt_dbapi_connection", bind.connection.dbapi_connection)
    raw.run_async(lambda driver: driver.execute(script))
