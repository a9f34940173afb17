"""A database is named by the URL that people know from libpq, whatever our driver wants to hear."""

import pytest

from graveshift.errors import SettingsError
from graveshift.store.engine import create_engine, dialled


@pytest.mark.parametrize("scheme", ["postgresql", "postgresql+asyncpg", "postgresql+psycopg"])
def test_every_way_to_say_postgresql_is_spoken_with_our_driver(scheme: str) -> None:
    engine = create_engine(f"{scheme}://ana:p%40ss@db.example.org:5433/jobs")
    assert engine.dialect.driver == "asyncpg"
    assert engine.url.password == "p@ss"


def test_a_socket_folder_is_kept() -> None:
    assert dialled("postgresql://ana@/jobs?host=/run/postgresql").query == {"host": "/run/postgresql"}


def test_libpqs_sslmode_is_understood() -> None:
    where = dialled("postgresql://ana@db.example.org/jobs?sslmode=require&host=/run")
    assert where.query == {"ssl": "require", "host": "/run"}


@pytest.mark.parametrize("url", ["mysql://ana:secret@h/jobs", "sqlite:///x", "http://ana:secret@h", "mysql+x://h"])
def test_another_database_is_refused_by_its_scheme(url: str) -> None:
    with pytest.raises(SettingsError, match=r"begins with postgresql://, and this one with \w+") as refused:
        create_engine(url)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("url", ["secret", "", "postgresql://ana:secret@h:port/jobs"])
def test_what_is_no_url_is_told_how_one_looks(url: str) -> None:
    with pytest.raises(SettingsError, match="looks like postgresql://user@host:5432/name") as refused:
        create_engine(url)
    assert "secret" not in str(refused.value)
