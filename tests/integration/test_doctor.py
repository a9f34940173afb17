"""What the doctor finds, on real servers."""

from pathlib import Path

import msgspec

from graveshift import doctor, embedded, migrations
from graveshift.doctor import Patient
from graveshift.settings import DatabaseSettings, Settings
from tests.pgbouncer import pgbouncer


def patient(state: Path, url: str | None = None, data_dir: Path | None = None, login: Path | None = None) -> Patient:
    places = {name: str(path) for name, path in (("data_dir", data_dir), ("login_file", login)) if path is not None}
    given = msgspec.convert({"url": url, **places}, DatabaseSettings)
    return Patient(settings=Settings(state_dir=str(state), database=given))


async def test_a_database_at_this_versions_schema_is_sound(database: str, tmp_path: Path) -> None:
    check = await doctor.database(patient(tmp_path, url=database))
    assert (check.ok, check.detail) == (True, f"schema {migrations.head()}")


async def test_the_private_server_is_looked_for_where_its_data_lies(server: embedded.Server, tmp_path: Path) -> None:
    found = await doctor.database(patient(tmp_path, data_dir=server.home))
    assert found.detail.startswith("schema ")
    missing = await doctor.database(patient(tmp_path))
    assert "not running" in missing.detail


async def test_room_is_measured_where_the_data_lies(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    check = await doctor.room(patient(tmp_path / "state", data_dir=tmp_path / "data" / "pg"))
    assert check.detail.endswith(f"free at {tmp_path / 'data'}")


async def test_the_database_is_asked_with_the_login_that_is_kept(database: str, tmp_path: Path) -> None:
    right = database.partition("//")[2].partition("@")[0]
    (tmp_path / "login").write_text(right)
    wrong = database.replace(right, "graveshift:outdated")
    check = await doctor.database(patient(tmp_path, url=wrong, login=tmp_path / "login"))
    assert check.ok


async def test_a_dump_that_can_be_made_is_sound(database: str, tmp_path: Path) -> None:
    check = await doctor.backups(patient(tmp_path, url=database))
    assert (check.ok, "reaches the database" in check.detail) == (True, True)


async def test_programs_without_tls_cannot_back_up_a_server_that_insists_on_it(database: str, tmp_path: Path) -> None:
    check = await doctor.backups(patient(tmp_path, url=f"{database}&sslmode=require"))
    assert not check.ok
    assert "SSL" in check.detail
    assert "`database.bin_dir`" in check.detail


async def test_a_database_that_is_not_there_is_not_blamed_on_the_programs(database: str, tmp_path: Path) -> None:
    check = await doctor.backups(patient(tmp_path, url=database.replace("/test_", "/gone_")))
    assert not check.ok
    assert "does not exist" in check.detail
    assert "bin_dir" not in check.detail


async def test_a_pooler_is_met_where_one_stands_and_what_is_wrong_with_the_settings_is_said(
    server: embedded.Server, database: str, tmp_path: Path
) -> None:
    async def said(**given: str) -> tuple[bool, str]:
        settings = Settings(state_dir=str(tmp_path), database=msgspec.convert(given, DatabaseSettings))
        check = await doctor.pooler(Patient(settings=settings))
        return check.ok, check.detail

    assert await said(url=database) == (True, "none, and none is expected")
    assert "`database.pooler: none` is faster" in (await said(url=database, pooler="transaction", direct_url="x"))[1]
    async with pgbouncer(server, database) as url:
        ok, detail = await said(url=url)
        assert (ok, "needs `database.pooler: transaction`" in detail) == (False, True)
        ok, detail = await said(url=url, pooler="transaction")
        assert (ok, "set `database.direct_url`" in detail) == (False, True)
        assert (await said(url=url, pooler="transaction", direct_url=database))[0]


async def test_what_is_no_replica_is_told_with_the_setting_to_look_at(database: str, tmp_path: Path) -> None:
    given = DatabaseSettings(url=database, replica_url=database)
    check = await doctor.replica(Patient(settings=Settings(state_dir=str(tmp_path), database=given)))
    assert not check.ok
    assert "no replica of this database; see `database.replica_url`" in check.detail
