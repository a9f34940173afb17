"""Where secrets live: versions, encrypted at rest, never shown."""

from collections.abc import Sequence

from msgspec import Struct

from graveshift.errors import NotFound, RotationFailed
from graveshift.seal import Seal
from graveshift.store import secrets
from graveshift.store.engine import Engine, open_look, open_unit
from graveshift.store.secrets import Sealed
from graveshift.wire.secrets import SecretInfo


class Secret:
    """A value that prints as `***`; ask for it with `reveal()` at the last moment."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The value itself."""
        return self._value

    def __repr__(self) -> str:
        return "***"

    __str__ = __repr__

    def __reduce__(self) -> str:
        raise TypeError("a secret is not to be copied into a pickle")


class Versions(Struct, frozen=True):
    """At most three live versions; each is `(version, value)` or None. `previous` may be past its grace."""

    current: tuple[int, Secret] | None
    pending: tuple[int, Secret] | None
    previous: tuple[int, Secret] | None


class Vault:
    """Every change is one transaction; values are sealed before they reach the database.

    `grace_s` is how long the previous version verifies after a rotation.
    """

    def __init__(self, engine: Engine, seal: Seal, grace_s: float = 3600.0) -> None:
        self._engine = engine
        self._seal = seal
        self.grace_s = grace_s
        self.veil = seal.veil

    async def secrets(self) -> Sequence[SecretInfo]:
        """What is known of each secret, by name."""
        async with open_look(self._engine) as unit:
            return await secrets.infos(unit)

    async def one(self, name: str) -> SecretInfo | None:
        """None when there is no such secret."""
        async with open_unit(self._engine) as unit:
            return next(iter(await secrets.infos(unit, name)), None)

    async def adopt(self, name: str, kind: str, value: Secret, max_age_s: float | None) -> bool:
        """Keep `value` as version 1 of a new secret; False, and nothing changed, when it is known already."""
        sealed = self._seal.close(name, 1, value.reveal())
        async with open_unit(self._engine) as unit:
            made = await secrets.add(unit, name, kind, max_age_s)
            if made:
                await secrets.add_current(unit, name, sealed, self._seal.key_id)
            await unit.commit()
        return made

    async def versions(self, name: str) -> Versions:
        """The live versions, opened."""
        async with open_unit(self._engine) as unit:
            rows = {row.state: (row.version, self._open(name, row)) for row in await secrets.live(unit, name)}
        return Versions(rows.get("current"), rows.get("pending"), rows.get("previous"))

    async def valid(self, name: str) -> Sequence[Secret]:
        """Values that verify now: the current one first, then the previous one while its grace lasts.

        A pending one verifies too, and comes last: whoever signs with the first finds every verifier ready for it.
        """
        async with open_unit(self._engine) as unit:
            rows = await secrets.live(unit, name)
        return [self._open(name, row) for row in rows if row.verifies]

    async def propose(self, name: str, value: Secret, run_id: int) -> int:
        """Keep `value` as the pending version; a run that did so before gets the same version back.

        What an ended run left pending gives way. Raises Busy while another live run's version is pending.
        """
        async with open_unit(self._engine) as unit:
            await secrets.lock(unit, name)
            version = await secrets.made_by(unit, name, run_id)
            if version is None:
                await secrets.clear_pending(unit, name)
                version = await secrets.next_version(unit, name)
                sealed = self._seal.close(name, version, value.reveal())
                key_id = self._seal.key_id
                await secrets.add_pending(unit, name, version, sealed=sealed, key_id=key_id, run_id=run_id)
            await unit.commit()
        return version

    async def rotating(self, name: str) -> int | None:
        """The live run whose version is pending, if there is one."""
        async with open_unit(self._engine) as unit:
            return await secrets.pending_of_live_run(unit, name)

    async def candidate(self, name: str, run_id: int) -> Secret:
        """The version that this run made, pending or already current. Raises RotationFailed when it is gone."""
        async with open_unit(self._engine) as unit:
            for row in await secrets.live(unit, name):
                if row.run_id == run_id:
                    return self._open(name, row)
        raise RotationFailed(f"the new version of {name} is gone")

    async def promote(self, name: str, run_id: int) -> int:
        """Pending becomes current, current becomes previous until the grace ends; returns the new version.

        A run that did so before gets its version back. Raises RotationFailed when it has none.
        """
        async with open_unit(self._engine) as unit:
            await secrets.lock(unit, name)
            version = await secrets.made_by(unit, name, run_id)
            if version is None:
                raise RotationFailed(f"the new version of {name} is gone")
            await secrets.advance(unit, name, version, self.grace_s)
            await unit.commit()
        return version

    async def abandon(self, name: str, run_id: int) -> None:
        """Drop this run's pending version."""
        async with open_unit(self._engine) as unit:
            await secrets.drop_pending(unit, name, run_id)
            await unit.commit()

    async def tidy(self) -> int:
        """Forget previous versions past their grace and what ended runs left pending; returns how many."""
        async with open_unit(self._engine) as unit:
            forgotten = await secrets.drop_expired(unit)
            await unit.commit()
        return forgotten

    def _open(self, name: str, row: Sealed) -> Secret:
        if row.sealed is None:
            raise NotFound(f"version {row.version} of {name} was dropped")
        return Secret(self._seal.open(name, row.version, row.sealed, row.key_id))
