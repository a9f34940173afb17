"""secret.rotate: exchange a secret in four steps, any of which may be repeated after a crash."""

from typing import ClassVar

from msgspec import Struct

from graveshift.errors import Busy, NotFound, RotationFailed, Unsupported
from graveshift.operation import Carrier, Draft, Step, World
from graveshift.rotator import Rotator
from graveshift.vault import Vault
from graveshift.wire.operations import Danger, Role
from graveshift.wire.plans import Confirm, Effect
from graveshift.wire.secrets import SecretInfo, SecretState


class RotateSecret(Struct, frozen=True, forbid_unknown_fields=True):
    """`secret` is the id of a secret."""

    name: ClassVar[str] = "secret.rotate"
    title: ClassVar[str] = "Rotate a secret"
    danger: ClassVar[Danger] = Danger.BULK
    role: ClassVar[Role] = Role.ADMIN

    secret: str

    async def plan(self, world: World) -> Draft:
        """Raises NotFound, Unsupported where nothing rotates its kind, and Busy while another run rotates it."""
        info, rotator = await find(world, self.secret)
        other = await world.vault.rotating(info.name)
        if other is not None:
            raise Busy(f"run {other} is rotating {info.name}")
        return Draft(
            count=4,
            effects=effects_on(info, world.vault.grace_s),
            confirm=rotator.confirm,
            phrase=info.name if rotator.confirm is Confirm.PHRASE else None,
            subjects=[f"{info.name}@{info.version}"],
        )

    async def run(self, world: World, carrier: Carrier) -> None:
        """A rotation that is proven wrong gives up its new version; the current one was never touched."""
        info, rotator = await find(world, self.secret)
        work = Rotation(info.name, world.vault, rotator, carrier.run_id)
        try:
            await carrier.steps(
                [
                    Step("create", work.create),
                    Step("set", work.set),
                    Step("test", work.test),
                    Step("finish", work.finish),
                ]
            )
        except RotationFailed:
            await world.vault.abandon(info.name, carrier.run_id)
            raise


def effects_on(info: SecretInfo, grace_s: float) -> list[Effect]:
    """At most two versions are ever good, so a rotation within a grace ends that grace."""
    effects = [
        Effect(subject=info.name, change=f"version {info.version} gives way to a new random value"),
        Effect(subject=f"version {info.version}", change=f"still accepted for {grace_s:.0f} s afterwards"),
    ]
    if info.state is SecretState.GRACE:
        effects.append(Effect(subject="the version before it", change="no longer accepted: its grace ends early"))
    return effects


class Rotation:
    """The steps of one run. The new version is sealed in the vault before the target hears of it."""

    def __init__(self, name: str, vault: Vault, rotator: Rotator, run_id: int) -> None:
        self._name = name
        self._vault = vault
        self._rotator = rotator
        self._run_id = run_id

    async def create(self) -> str:
        """A value made by an earlier try is kept, and this one's forgotten."""
        versions = await self._vault.versions(self._name)
        value = await self._rotator.create(versions.current[1] if versions.current else None)
        version = await self._vault.propose(self._name, value, self._run_id)
        return f"version {version}"

    async def set(self) -> str | None:
        """The target accepts the new value beside the current one."""
        versions = await self._vault.versions(self._name)
        candidate = await self._vault.candidate(self._name, self._run_id)
        return await self._rotator.set(self._name, candidate, versions.current[1] if versions.current else None)

    async def test(self) -> str | None:
        """The new value works in real use, while the current one still does."""
        return await self._rotator.test(self._name, await self._vault.candidate(self._name, self._run_id))

    async def finish(self) -> str:
        """The new value is the current one; the old one ends with its grace."""
        version = await self._vault.promote(self._name, self._run_id)
        versions = await self._vault.versions(self._name)
        candidate = await self._vault.candidate(self._name, self._run_id)
        previous = versions.previous[1] if versions.previous else None
        said = await self._rotator.finish(self._name, candidate, previous, self._vault.grace_s)
        return f"version {version} is current" + (f"; {said}" if said else "")


async def find(world: World, secret: str) -> tuple[SecretInfo, Rotator]:
    """The secret and what rotates it."""
    info = await world.vault.one(secret)
    if info is None:
        raise NotFound(f"no secret {secret}")
    rotator = world.rotators.get(info.kind)
    if rotator is None:
        raise Unsupported(f"nothing here rotates a {info.kind}")
    return info, rotator
