"""The service's own login is exchanged while it works, and nobody who uses it is ever turned away."""

import logging
from collections.abc import AsyncIterator
from pathlib import Path
from secrets import token_hex

import asyncpg
import pytest
from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import AsyncEngine

from graveshift import embedded
from graveshift.errors import RotationFailed
from graveshift.operation import World
from graveshift.operations.rotate import RotateSecret
from graveshift.rotators.role import RoleRotator
from graveshift.rotators.signing import SigningRotator
from graveshift.seal import load_seal
from graveshift.store.engine import create_engine
from graveshift.store.login import Login, LoginFile, follow
from graveshift.vault import Secret, Vault
from graveshift.wire.plans import Confirm
from tests.carrying import Died, StepCarrier, end_run, new_run
from tests.rooms import build_world
from tests.waiting import until

KEY = "webhook-signing-key"
ROLE = "database-role"
STEPS = ["create", "set", "test", "finish"]
KILLED = [(when, step) for step in STEPS for when in ("before", "after")]


@pytest.fixture
async def engine(database: str) -> AsyncIterator[AsyncEngine]:
    engine = create_engine(database, pool_size=3)
    yield engine
    await engine.dispose()


@pytest.fixture
async def world(engine: AsyncEngine, tmp_path: Path) -> World:
    vault = Vault(engine, load_seal(tmp_path / "key", make=True), 3600)
    rotator = SigningRotator(vault)
    await vault.adopt(KEY, rotator.kind, await rotator.create(None), 86_400)
    return build_world(engine, tmp_path, rotators={rotator.kind: rotator})


class Owner:
    """A role that owns the test's database, its login file, and the way in as it."""

    def __init__(self, server: embedded.Server, database: str, path: Path) -> None:
        self.name = f"own_{token_hex(4)}"
        self.second = f"{self.name}_b"
        self.database = make_url(database).database or ""
        self.file = LoginFile(path, self.name)
        self.url = server.url.replace("/graveshift?", f"/{self.database}?", 1)
        self.admin = server.superuser_dsn.replace("/postgres?", f"/{self.database}?", 1)
        self.rotator = RoleRotator(self.url, self.admin, self.file, self.name)

    async def log_in(self, login: Login) -> str:
        """The role one acts as, logged in anew."""
        where = make_url(self.url).set(drivername="postgresql")
        host = where.query["host"]
        connection = await asyncpg.connect(host=host, user=login.user, password=login.password, database=self.database)
        try:
            acting: str = await connection.fetchval("SELECT current_user::text")
        finally:
            await connection.close()
        return acting

    async def command(self, *statements: str) -> None:
        connection = await asyncpg.connect(self.admin)
        try:
            for statement in statements:
                await connection.execute(statement)
        finally:
            await connection.close()


@pytest.fixture
async def owner(server: embedded.Server, database: str, tmp_path: Path) -> AsyncIterator[Owner]:
    owner = Owner(server, database, tmp_path / "login")
    first = Login(user=owner.name, password="first")
    owner.file.keep(first)
    await owner.command(
        f"CREATE ROLE {owner.name} LOGIN PASSWORD 'first'",
        f"GRANT graveshift TO {owner.name}",
    )
    yield owner
    await owner.command(f"DROP ROLE IF EXISTS {owner.second}", f"DROP OWNED BY {owner.name}", f"DROP ROLE {owner.name}")


@pytest.fixture
async def role_world(engine: AsyncEngine, world: World, owner: Owner, tmp_path: Path) -> World:
    await world.vault.adopt(ROLE, owner.rotator.kind, Secret(owner.file().text()), None)
    return build_world(engine, tmp_path, rotators={owner.rotator.kind: owner.rotator}, grace_s=2)


async def rotate(world: World, secret: str, run: int) -> StepCarrier:
    carrier = StepCarrier(run)
    await RotateSecret(secret).run(world, carrier)
    return carrier


@pytest.mark.parametrize(("when", "step"), KILLED)
async def test_a_database_login_killed_around_any_step_converges_and_logins_never_fail(
    engine: AsyncEngine, role_world: World, owner: Owner, when: str, step: str
) -> None:
    run = await new_run(engine)
    done: dict[str, str | None] = {}
    with pytest.raises(Died):
        await RotateSecret(ROLE).run(role_world, StepCarrier(run, done, **{when: step}))
    assert await owner.log_in(owner.file()) == owner.name
    await RotateSecret(ROLE).run(role_world, StepCarrier(run, done))
    assert owner.file().user == owner.second
    assert await owner.log_in(owner.file()) == owner.name
    versions = await role_world.vault.versions(ROLE)
    assert versions.current is not None
    assert versions.current[1].reveal() == owner.file().text()


async def test_the_new_login_is_proven_while_the_old_one_still_works(
    engine: AsyncEngine, role_world: World, owner: Owner
) -> None:
    run = await new_run(engine)
    with pytest.raises(Died):
        await RotateSecret(ROLE).run(role_world, StepCarrier(run, before="finish"))
    pending = Login.parse((await role_world.vault.candidate(ROLE, run)).reveal())
    assert owner.file().user == owner.name != pending.user
    assert [await owner.log_in(login) for login in (owner.file(), pending)] == [owner.name] * 2


async def test_the_server_itself_refuses_the_old_password_after_the_grace(
    engine: AsyncEngine, role_world: World, owner: Owner
) -> None:
    old = owner.file()
    await rotate(role_world, ROLE, await new_run(engine))
    assert await owner.log_in(old) == owner.name

    async def refused() -> bool:
        try:
            await owner.log_in(old)
        except asyncpg.InvalidPasswordError:
            return True
        return False

    await until(refused)
    assert await owner.log_in(owner.file()) == owner.name


async def test_two_rotations_come_back_to_the_first_role_with_another_password(
    engine: AsyncEngine, role_world: World, owner: Owner
) -> None:
    for _ in range(2):
        run = await new_run(engine)
        await rotate(role_world, ROLE, run)
        await end_run(engine, run)
    assert owner.file().user == owner.name
    assert owner.file().password != "first"
    with pytest.raises(asyncpg.InvalidPasswordError):
        await owner.log_in(Login(user=owner.name, password="first"))


async def test_new_connections_of_an_engine_follow_the_rotation(
    engine: AsyncEngine, role_world: World, owner: Owner
) -> None:
    following = create_engine(owner.url, pool_size=2)
    follow(following, owner.file)
    logged_in = text("SELECT session_user::text")
    async with following.connect() as before:
        assert (await before.execute(logged_in)).scalar_one() == owner.name
        await rotate(role_world, ROLE, await new_run(engine))
        async with following.connect() as after:
            assert (await after.execute(logged_in)).scalar_one() == owner.second
        assert (await before.execute(logged_in)).scalar_one() == owner.name
    await following.dispose()


async def test_a_login_that_fails_its_test_gives_up_the_new_version_only(
    engine: AsyncEngine, role_world: World, owner: Owner
) -> None:
    run = await new_run(engine)
    done: dict[str, str | None] = {}
    with pytest.raises(Died):
        await RotateSecret(ROLE).run(role_world, StepCarrier(run, done, before="test"))
    await owner.command(f"ALTER ROLE {owner.second} NOLOGIN")
    with pytest.raises(RotationFailed, match=f"{owner.second} cannot log in"):
        await RotateSecret(ROLE).run(role_world, StepCarrier(run, done))
    versions = await role_world.vault.versions(ROLE)
    assert versions.pending is None
    assert versions.current is not None
    assert versions.current[1].reveal() == owner.file().text()
    assert await owner.log_in(owner.file()) == owner.name
    await rotate(role_world, ROLE, await new_run(engine))
    assert owner.file().user == owner.second


async def test_plans_ask_for_what_the_kind_of_secret_deserves(role_world: World, world: World) -> None:
    signing = await RotateSecret(KEY).plan(world)
    login = await RotateSecret(ROLE).plan(role_world)
    assert (signing.confirm, signing.phrase) == (Confirm.YES, None)
    assert (login.confirm, login.phrase) == (Confirm.PHRASE, ROLE)
    assert (signing.count, login.count) == (4, 4)


async def test_no_value_reaches_logs_steps_or_the_database(
    engine: AsyncEngine, role_world: World, owner: Owner, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    carrier = await rotate(role_world, ROLE, await new_run(engine))
    password = owner.file().password
    async with engine.connect() as connection:
        rows = (await connection.execute(text("SELECT * FROM graveshift_ledger.secret_versions"))).all()
    said = f"{carrier.done}{carrier.notes}{[tuple(row) for row in rows]}{await role_world.vault.secrets()}"
    assert password not in said + caplog.text
    assert all(password.encode() not in bytes(row.sealed or b"") for row in rows)
