"""The private server starts, is adopted, survives kills and says clearly what it cannot do."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from graveshift import embedded
from graveshift.embedded import layout
from graveshift.embedded.locking import locked
from graveshift.embedded.postmaster import works_in
from graveshift.errors import NoSpace
from graveshift.store.login import Login, LoginFile
from tests.waiting import until_now


@pytest.fixture
def home() -> Iterator[Path]:
    """A home the server's account can reach, gone afterwards with its server."""
    place = embedded.temporary_home("graveshift-embedded-")
    yield place
    for marker in place.rglob("cluster"):
        embedded.stop(marker.parent)
    shutil.rmtree(place)


def wish(home: Path) -> embedded.Wish:
    return embedded.Wish(home=home, durable=False, settings={"shared_buffers": "16MB"})


def ask(dsn: str, question: str) -> object:
    with psycopg.connect(dsn, autocommit=True) as connection:
        row = connection.execute(question.encode()).fetchone()
    return row[0] if row else None


def do(dsn: str, statement: str) -> None:
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(statement.encode())


def test_it_starts_answers_and_leaves_nothing_running(home: Path) -> None:
    server = embedded.start(wish(home))
    assert ask(server.dsn, "SELECT current_user::text") == "graveshift"
    assert ask(server.dsn, "SELECT rolsuper FROM pg_roles WHERE rolname = current_user") is False
    assert ask(server.superuser_dsn, "SELECT current_setting('listen_addresses')") == ""
    assert embedded.status(home).running
    assert embedded.stop(home)
    assert not works_in(server.pid, server.data_dir)
    assert embedded.status(home) == embedded.Status(home=home, running=False, major=18, pid=None, socket_dir=None)
    assert not server.socket_dir.exists()


def test_a_second_start_adopts_the_running_server(home: Path) -> None:
    first = embedded.start(wish(home))
    second = embedded.start(wish(home))
    assert (first.adopted, second.adopted) == (False, True)
    assert (second.pid, second.dsn) == (first.pid, first.dsn)


def test_processes_that_start_at_once_share_one_server(home: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        servers = list(pool.map(embedded.start, [wish(home)] * 4))
    assert len({server.pid for server in servers}) == 1
    assert sorted(server.adopted for server in servers) == [False, True, True, True]


def test_data_survives_a_killed_server_and_its_stale_pid_file(home: Path) -> None:
    first = embedded.start(embedded.Wish(home=home))
    do(first.dsn, "CREATE TABLE kept AS SELECT 42 AS answer")
    os.kill(first.pid, signal.SIGKILL)
    until_now(lambda: not works_in(first.pid, first.data_dir))
    assert (first.data_dir / "postmaster.pid").exists()
    second = embedded.start(embedded.Wish(home=home))
    assert not second.adopted
    assert ask(second.dsn, "SELECT answer FROM kept") == 42


def test_a_pid_file_whose_pid_went_to_another_process_is_seen_through(home: Path) -> None:
    server = embedded.start(wish(home))
    told = (server.data_dir / "postmaster.pid").read_text()
    embedded.stop(home)
    account = server.data_dir.stat()
    stranger = subprocess.Popen(["sleep", "60"], user=account.st_uid if os.geteuid() == 0 else None)
    try:
        stale = server.data_dir / "postmaster.pid"
        stale.write_text(told.replace(str(server.pid), str(stranger.pid), 1))
        os.chown(stale, account.st_uid, account.st_gid)
        assert not embedded.status(home).running
        assert not embedded.start(wish(home)).adopted
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_an_interrupted_initdb_is_made_again(home: Path) -> None:
    (home / "cluster.partial").mkdir()
    (home / "cluster.partial" / "PG_VERSION").write_text("18\n")
    assert ask(embedded.start(wish(home)).dsn, "SELECT 1") == 1


def test_passwords_are_generated_and_private(home: Path) -> None:
    server = embedded.start(wish(home))
    for name in ("password", "superuser-password"):
        assert (home / name).stat().st_mode & 0o777 == 0o600
        assert len((home / name).read_text()) >= 32
        assert (home / name).read_text() not in repr(server)
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        ask(server.dsn.replace((home / "password").read_text(), "wrong"), "SELECT 1")


def test_a_rotated_login_is_kept_and_a_lost_one_heals(home: Path) -> None:
    server = embedded.start(wish(home))
    login = LoginFile(server.login_file, "graveshift")
    do(server.dsn, "ALTER ROLE graveshift PASSWORD 'another'")
    login.keep(Login("graveshift", "another"))
    rotated = embedded.start(wish(home))
    assert "//graveshift:another@" in rotated.dsn
    assert ask(rotated.dsn, "SELECT 1") == 1
    login.keep(Login("graveshift_b", "written-but-never-set"))
    healed = embedded.start(wish(home))
    assert "//graveshift_b:" in healed.dsn
    assert ask(healed.dsn, "SELECT current_user::text") == "graveshift"
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        ask(server.dsn, "SELECT 1")


def test_the_last_lease_stops_the_server_and_a_dead_holder_counts_for_nothing(home: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path; from graveshift import embedded\n"
        "held = embedded.lease(embedded.Wish(home=Path(sys.argv[1]), durable=False))\n"
        "print('held', flush=True); time.sleep(60)"
    )
    other = subprocess.Popen([sys.executable, "-c", code, str(home)], stdout=subprocess.PIPE, text=True)
    assert other.stdout is not None
    assert other.stdout.readline() == "held\n"
    mine = embedded.lease(wish(home))
    assert mine.server.adopted
    assert not mine.release(), "the other process still needs it"
    assert embedded.status(home).running
    last = embedded.lease(wish(home))
    other.kill()
    other.wait()
    other.stdout.close()
    assert last.release()
    assert not embedded.status(home).running
    assert not last.release()


def test_the_server_has_a_session_of_its_own(home: Path) -> None:
    server = embedded.start(wish(home))
    assert os.getsid(server.pid) != os.getsid(0)


@pytest.mark.parametrize("name", ["with a space", "com,ma 'quote' $HOME", "d" * 120])
def test_any_path_will_do(home: Path, name: str) -> None:
    server = embedded.start(wish(home / name))
    assert ask(server.dsn, "SELECT 1") == 1
    assert len(os.fsencode(server.socket_dir / layout.SOCKET_NAME)) <= layout.SOCKET_LIMIT
    embedded.stop(home / name)
    assert not server.socket_dir.exists()


def test_pg_dump_of_the_same_server_is_at_hand(home: Path) -> None:
    server = embedded.start(wish(home))
    dump = subprocess.run([embedded.binary("pg_dump"), "--schema-only", server.dsn], capture_output=True, check=True)
    assert b"PostgreSQL database dump" in dump.stdout


def test_another_major_version_is_refused_by_number(home: Path) -> None:
    server = embedded.start(wish(home))
    embedded.stop(home)
    (server.data_dir / "PG_VERSION").write_text("12\n")
    with pytest.raises(embedded.OtherMajor, match=r"made by 12, .* is 18"):
        embedded.start(wish(home))


INSTALLED = Path("/usr/lib/postgresql").glob("*/bin/initdb")
OLDER = [path.parent for path in INSTALLED if path.parent.parent.name != "18"]


@pytest.mark.skipif(not OLDER, reason="no other PostgreSQL is installed here")
def test_a_configured_server_is_used_and_its_data_is_safe_from_the_wheels(home: Path) -> None:
    older = embedded.start(embedded.Wish(home=home, bin_dir=OLDER[0], durable=False))
    assert str(ask(older.dsn, "SHOW server_version")).startswith(OLDER[0].parent.name)
    with pytest.raises(embedded.OtherMajor, match=f"made by {OLDER[0].parent.name}"):
        embedded.start(wish(home))
    assert ask(older.dsn, "SELECT 1") == 1


def test_a_lost_password_file_is_named(home: Path) -> None:
    embedded.start(wish(home))
    for name in ("password", "superuser-password"):
        (home / name).unlink()
    with pytest.raises(embedded.PasswordLost, match="superuser-password"):
        embedded.start(wish(home))


def test_a_lock_that_is_not_to_be_had_is_named(home: Path) -> None:
    path = home / "held.lock"
    with locked(path), pytest.raises(embedded.LockBusy, match=r"held\.lock is held"), locked(path, patience=0.1):
        pass


def test_a_short_disk_is_told_in_bytes(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layout, "ROOM_NEEDED", 2**60)
    with pytest.raises(NoSpace, match=rf"needs {2**60} bytes .* \d+ are free"):
        embedded.start(wish(home))
    assert not (home / "cluster").exists()


def test_a_setting_the_server_rejects_comes_back_in_its_own_words(home: Path) -> None:
    with pytest.raises(embedded.ServerFailed, match="no_such_setting"):
        embedded.start(embedded.Wish(home=home, durable=False, settings={"no_such_setting": "1"}))


def test_a_socket_directory_somebody_else_made_is_refused(home: Path) -> None:
    (home / "socket").mkdir(mode=0o777)
    (home / "socket").chmod(0o777)
    with pytest.raises(embedded.DirectoryRefused, match="socket exists and is not private"):
        embedded.start(wish(home))


def test_a_bin_directory_without_a_server_is_refused(home: Path) -> None:
    with pytest.raises(embedded.BinariesMissing, match="has no `postgres`"):
        embedded.start(embedded.Wish(home=home, bin_dir=home))
    with pytest.raises(embedded.BinariesMissing, match="has no `pg_nothing`"):
        embedded.binary("pg_nothing")


def test_a_file_in_the_way_is_named(home: Path) -> None:
    (home / "file").write_text("")
    with pytest.raises(embedded.DirectoryRefused, match="file"):
        embedded.start(wish(home / "file" / "below"))
