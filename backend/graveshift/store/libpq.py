"""What PostgreSQL's own programs need to find the database we are connected to, as environment variables."""

import os

from sqlalchemy import make_url

from graveshift.store.login import Logins, signed_in

KEPT = ("PATH", "HOME", "TMPDIR", "LD_LIBRARY_PATH")


def environment(url: str, login: Logins | None = None, database: str | None = None) -> dict[str, str]:
    """Variables for a child process, password included: the process list shows arguments, not these.

    Nothing of our own environment passes but a few plain variables, so no other secret of ours does.
    """
    where = make_url(signed_in(url, login))
    wanted = {
        "PGHOST": _first(where.query.get("host")) or where.host,
        "PGPORT": _first(where.query.get("port")) or (str(where.port) if where.port else None),
        "PGDATABASE": database or where.database,
        "PGUSER": where.username,
        "PGPASSWORD": where.password,
        "PGSSLMODE": _first(where.query.get("ssl")) or _first(where.query.get("sslmode")),
        "PGAPPNAME": "graveshift backup",
        "PGCONNECT_TIMEOUT": "10",
        "LC_ALL": "C",
    }
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    return kept | {name: value for name, value in wanted.items() if value}


def _first(value: str | tuple[str, ...] | None) -> str | None:
    return value[0] if isinstance(value, tuple) else value
