"""A secret is exchanged in four steps that survive being killed, and nobody who uses it is ever turned away."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from graveshift.errors import Busy, NotFound, Unsupported, VaultSealed
from graveshift.operation import World
from graveshift.operations.rotate import RotateSecret
from graveshift.rotators.signing import SigningRotator
from graveshift.seal import load_seal
from graveshift.signature import sign, verifies
from graveshift.store.engine import create_engine
from graveshift.vault import Secret, Vault
from graveshift.wire.secrets import SecretState
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


async def rotate(world: World, secret: str, run: int) -> StepCarrier:
    carrier = StepCarrier(run)
    await RotateSecret(secret).run(world, carrier)
    return carrier


async def test_four_steps_give_a_new_version_and_the_old_one_still_verifies(engine: AsyncEngine, world: World) -> None:
    (old,) = await world.vault.valid(KEY)
    carrier = await rotate(world, KEY, await new_run(engine))
    new, kept = await world.vault.valid(KEY)
    assert list(carrier.done) == STEPS
    assert kept.reveal() == old.reveal() != new.reveal()
    info = await world.vault.one(KEY)
    assert info is not None
    assert (info.version, info.state) == (2, SecretState.GRACE)
    assert info.last_rotated_at is not None


async def test_the_old_key_stops_verifying_when_its_grace_ends(engine: AsyncEngine, tmp_path: Path) -> None:
    vault = Vault(engine, load_seal(tmp_path / "key", make=True), 0.3)
    rotator = SigningRotator(vault)
    await vault.adopt(KEY, rotator.kind, await rotator.create(None), None)
    world = build_world(engine, tmp_path, rotators={rotator.kind: rotator}, grace_s=0.3)
    (old,) = await vault.valid(KEY)
    signature = sign(old, b"body")
    await rotate(world, KEY, await new_run(engine))
    assert verifies(await vault.valid(KEY), b"body", signature)

    async def refused() -> bool:
        return not verifies(await vault.valid(KEY), b"body", signature)

    await until(refused)
    assert await vault.tidy() == 1
    assert (await vault.versions(KEY)).previous is None


@pytest.mark.parametrize(("when", "step"), KILLED)
async def test_a_signing_key_killed_around_any_step_converges(
    engine: AsyncEngine, world: World, when: str, step: str
) -> None:
    run = await new_run(engine)
    done: dict[str, str | None] = {}
    (old,) = await world.vault.valid(KEY)
    with pytest.raises(Died):
        await RotateSecret(KEY).run(world, StepCarrier(run, done, **{when: step}))
    assert old.reveal() in {key.reveal() for key in await world.vault.valid(KEY)}
    await RotateSecret(KEY).run(world, StepCarrier(run, done))
    versions = await world.vault.versions(KEY)
    assert versions.current is not None
    assert versions.previous is not None
    assert versions.pending is None
    assert (versions.current[0], versions.previous[1].reveal()) == (2, old.reveal())


async def test_a_second_run_is_refused_while_the_first_has_a_version_pending(engine: AsyncEngine, world: World) -> None:
    first, second = await new_run(engine), await new_run(engine)
    with pytest.raises(Died):
        await RotateSecret(KEY).run(world, StepCarrier(first, after="create"))
    with pytest.raises(Busy, match=f"run {first} is rotating {KEY}"):
        await RotateSecret(KEY).plan(world)
    with pytest.raises(Busy):
        await rotate(world, KEY, second)
    info = await world.vault.one(KEY)
    assert info is not None
    assert info.state is SecretState.ROTATING


async def test_what_an_ended_run_left_pending_gives_way(engine: AsyncEngine, world: World) -> None:
    first, second = await new_run(engine), await new_run(engine)
    with pytest.raises(Died):
        await RotateSecret(KEY).run(world, StepCarrier(first, after="create"))
    await end_run(engine, first)
    await rotate(world, KEY, second)
    info = await world.vault.one(KEY)
    assert info is not None
    assert info.version == 3


async def test_of_two_that_propose_at_once_one_is_refused(engine: AsyncEngine, world: World) -> None:
    runs = [await new_run(engine) for _ in range(2)]
    made = await asyncio.gather(*[world.vault.propose(KEY, Secret("x"), run) for run in runs], return_exceptions=True)
    assert sorted(type(one).__name__ for one in made) == ["Busy", "int"]


async def test_a_plan_within_a_grace_says_that_it_ends_early(engine: AsyncEngine, world: World) -> None:
    before = await RotateSecret(KEY).plan(world)
    await rotate(world, KEY, await new_run(engine))
    after = await RotateSecret(KEY).plan(world)
    assert len(after.effects) == len(before.effects) + 1
    assert "ends early" in after.effects[-1].change


async def test_unknown_secrets_and_kinds_that_nothing_rotates_are_refused(world: World) -> None:
    await world.vault.adopt("other", "tls-key", Secret("x"), None)
    with pytest.raises(NotFound):
        await RotateSecret("nothing").plan(world)
    with pytest.raises(Unsupported):
        await RotateSecret("other").plan(world)


async def test_a_secret_past_its_greatest_age_is_overdue(engine: AsyncEngine, world: World) -> None:
    await world.vault.adopt("old", "webhook-signing", Secret("x"), 0.01)

    async def overdue() -> bool:
        info = await world.vault.one("old")
        return info is not None and info.state is SecretState.OVERDUE

    await until(overdue)


async def test_adopting_twice_keeps_the_first_value(world: World) -> None:
    (before,) = await world.vault.valid(KEY)
    assert not await world.vault.adopt(KEY, "webhook-signing", Secret("another"), None)
    (after,) = await world.vault.valid(KEY)
    assert before.reveal() == after.reveal()


async def test_another_key_file_opens_nothing(engine: AsyncEngine, world: World, tmp_path: Path) -> None:
    stranger = Vault(engine, load_seal(tmp_path / "another", make=True))
    with pytest.raises(VaultSealed):
        await stranger.valid(KEY)
    assert [info.name for info in await stranger.secrets()] == [KEY]
