"""The service's own roles and database: made once, and healed when password and file disagree."""

import subprocess
from pathlib import Path

from .account import clean_environment
from .layout import Layout, new_password, read_secret, write_secret
from .trouble import PasswordLost, ServerFailed

SUPERUSER = "postgres"
SERVICE = "graveshift"
# Acts as the first in everything; the two take turns when the password is rotated.
SECOND = "graveshift_b"
DATABASE = "graveshift"

# Owns its database, may make scratch databases and second roles, and may watch the server: no more.
PREPARE = r"""
\set ON_ERROR_STOP on
SELECT 'CREATE ROLE graveshift' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'graveshift') \gexec
ALTER ROLE graveshift LOGIN CREATEDB CREATEROLE;
GRANT pg_monitor TO graveshift;
SELECT 'CREATE ROLE graveshift_b LOGIN IN ROLE graveshift'
 WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'graveshift_b') \gexec
ALTER ROLE graveshift_b SET role TO graveshift;
ALTER ROLE :"login" PASSWORD :'password' VALID UNTIL 'infinity';
SELECT 'CREATE DATABASE graveshift OWNER graveshift'
 WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'graveshift') \gexec
"""


def ensure_role(layout: Layout, bin_dir: Path, socket_dir: Path) -> None:
    """Let the service log in with the password in its file, whatever was interrupted before."""
    if not layout.password.exists():
        write_secret(layout.password, new_password())
    login, password = read_login(layout)
    if _psql(bin_dir, socket_dir, (login, DATABASE), password, "SELECT 1").returncode == 0:
        return
    superuser = read_secret(layout.superuser_password)
    script = f"\\set login {login}\n\\set password {password}\n{PREPARE}"
    answer = _psql(bin_dir, socket_dir, (SUPERUSER, "postgres"), superuser, script)
    if answer.returncode != 0:
        raise ServerFailed(f"preparing the role {SERVICE}: {answer.stdout.strip()}")


def read_login(layout: Layout) -> tuple[str, str]:
    """Whom the service logs in as, and its password: the file says `role:password`, or the first role's password."""
    login, _, password = read_secret(layout.password).rpartition(":")
    if login not in ("", SERVICE, SECOND):
        raise PasswordLost(f"{layout.password} names {login}, which is no role of the service")
    return login or SERVICE, password


def _psql(
    bin_dir: Path, socket_dir: Path, who: tuple[str, str], password: str, script: str
) -> subprocess.CompletedProcess[str]:
    """Run a script from standard input, so that no password is seen in the process list."""
    user, database = who
    return subprocess.run(
        [bin_dir / "psql", "-XqAt", "-w", "-h", socket_dir, "-U", user, "-d", database, "-f", "-"],
        env=clean_environment() | {"PGPASSWORD": password, "PGCONNECT_TIMEOUT": "10"},
        input=script,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd="/",
        timeout=60,
        check=False,
    )
