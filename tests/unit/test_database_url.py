"""A database is named by the URL that people know from libpq, whatever our driver wants to hear."""

import pytest

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
