"""A sealed value opens with its own key, name and version, and with nothing else; the key file is private."""

import os
import pickle
import traceback
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some

from graveshift.errors import KeyFileRefused, VaultSealed
from graveshift.seal import Seal, load_seal
from graveshift.store.libpq import environment
from graveshift.store.login import Login, LoginFile, signed_in
from graveshift.vault import Secret

KEY = bytes(range(32))
CANARY = "canary-7f3a"


@given(value=some.text(some.characters(exclude_categories=["Cs"])), version=some.integers(1, 2**31 - 1))
def test_what_was_sealed_opens_and_does_not_show(value: str, version: int) -> None:
    seal = Seal(KEY)
    sealed = seal.close("name", version, value)
    assert seal.open("name", version, sealed, seal.key_id) == value
    assert len(value) < 4 or value.encode() not in sealed


@pytest.mark.parametrize(("name", "version"), [("other", 1), ("name", 2)])
def test_it_opens_under_no_other_name_or_version(name: str, version: int) -> None:
    seal = Seal(KEY)
    with pytest.raises(VaultSealed):
        seal.open(name, version, seal.close("name", 1, CANARY), seal.key_id)


def test_every_flipped_bit_is_found() -> None:
    seal = Seal(KEY)
    sealed = seal.close("name", 1, "v")
    for bit in range(len(sealed) * 8):
        changed = bytearray(sealed)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(VaultSealed):
            seal.open("name", 1, bytes(changed), seal.key_id)


def test_another_key_is_named_in_the_refusal() -> None:
    seal, other = Seal(KEY), Seal(bytes(32))
    with pytest.raises(VaultSealed, match=f"{seal.key_id}.*{other.key_id}"):
        other.open("name", 1, seal.close("name", 1, CANARY), seal.key_id)


def test_the_same_value_is_never_sealed_alike() -> None:
    seal = Seal(KEY)
    assert len({seal.close("name", 1, CANARY) for _ in range(100)}) == 100


def test_a_key_file_is_made_once_and_private(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "key"
    first = load_seal(path, make=True)
    assert path.stat().st_mode & 0o777 == 0o400
    assert load_seal(path, make=True).key_id == first.key_id
    assert [entry.name for entry in path.parent.iterdir()] == ["key"]


@pytest.mark.parametrize("mode", [0o440, 0o404, 0o600, 0o444])
def test_a_key_that_others_may_read_or_anyone_write_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "key"
    load_seal(path, make=True)
    path.chmod(mode)
    with pytest.raises(KeyFileRefused, match=f"has mode {mode:04o}; run `chmod 0400"):
        load_seal(path)


@pytest.mark.parametrize("content", [b"", b"short", bytes(33)])
def test_a_file_that_is_no_key_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "key"
    path.write_bytes(content)
    path.chmod(0o400)
    with pytest.raises(KeyFileRefused, match="32 random bytes"):
        load_seal(path, make=True)


def test_a_missing_key_is_made_only_where_asked(tmp_path: Path) -> None:
    with pytest.raises(KeyFileRefused, match="No such file"):
        load_seal(tmp_path / "key")


def test_a_key_behind_a_symbolic_link_is_refused(tmp_path: Path) -> None:
    load_seal(tmp_path / "real", make=True)
    (tmp_path / "key").symlink_to(tmp_path / "real")
    with pytest.raises(KeyFileRefused):
        load_seal(tmp_path / "key", make=True)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_key_of_another_user_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "key"
    load_seal(path, make=True)
    os.chown(path, 65534, -1)
    with pytest.raises(KeyFileRefused, match="belongs to uid 65534"):
        load_seal(path)


def test_a_secret_shows_itself_nowhere() -> None:
    secret = Secret(CANARY)
    shown = [repr(secret), str(secret), f"{secret}", f"{[secret]}", repr({"key": secret})]
    try:
        raise RuntimeError(secret)
    except RuntimeError as error:
        shown += traceback.format_exception(error)
    shown.append(repr(Login(user="ann", password=CANARY)))
    assert CANARY not in "".join(shown)
    assert secret.reveal() == CANARY
    with pytest.raises(TypeError):
        pickle.dumps(secret)


def test_a_login_file_is_replaced_whole_and_stays_private(tmp_path: Path) -> None:
    path = tmp_path / "password"
    path.write_text("only-a-password\n")
    file = LoginFile(path, "graveshift")
    assert file() == Login(user="graveshift", password="only-a-password")
    file.keep(Login(user="graveshift_b", password="new"))
    assert file() == Login(user="graveshift_b", password="new")
    assert path.stat().st_mode & 0o777 == 0o600
    assert [entry.name for entry in tmp_path.iterdir()] == ["password"]


def test_a_password_alone_leaves_the_role_to_the_url(tmp_path: Path) -> None:
    path = tmp_path / "password"
    path.write_text("p@ss")
    url = "postgresql://ann:old@/graveshift?host=/run"
    assert signed_in(url, LoginFile(path, "")) == "postgresql://ann:p%40ss@/graveshift?host=%2Frun"
    assert signed_in(url, LoginFile(path, "bob")) == "postgresql://bob:p%40ss@/graveshift?host=%2Frun"
    assert signed_in(url, None) == url


def test_programs_get_the_login_in_their_environment_and_nothing_else_of_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRAVESHIFT_TOKEN", CANARY)
    monkeypatch.setenv("PGHOST", "elsewhere")
    (tmp_path / "password").write_text("bob:new")
    login = LoginFile(tmp_path / "password", "")
    given = environment("postgresql+asyncpg://ann:old@db.example:5433/graveshift?ssl=require", login, "scratch")
    wanted = {
        "PGHOST": "db.example",
        "PGPORT": "5433",
        "PGDATABASE": "scratch",
        "PGUSER": "bob",
        "PGPASSWORD": "new",
        "PGSSLMODE": "require",
    }
    assert wanted.items() <= given.items()
    assert CANARY not in given.values()
