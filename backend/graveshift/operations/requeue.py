"""`dlq.requeue`: dead letters go back to waiting, behind live traffic, gently; as they were, or edited on the way."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar, Literal

from msgspec import Meta, Struct, structs

from graveshift.back import Back
from graveshift.driver import Can, Count, Letters, Move, Source, Unit, Verdict
from graveshift.errors import Invalid
from graveshift.operation import Care, Carrier, Draft, World
from graveshift.selection import LETTER_FIELDS, Aim, Frost, arrived, count_letters, kept, thawed
from graveshift.selection.braking import brakes
from graveshift.selection.claiming import claims_of_others
from graveshift.selection.editing import edited_samples, moved_edited
from graveshift.selection.forecasting import forecast, short_of_room
from graveshift.selection.foreseeing import foreseen
from graveshift.selection.past import BECAUSE, PHRASE, before
from graveshift.selection.patching import check_patch, check_payload, check_unmasked
from graveshift.selection.surveying import surveyed
from graveshift.selection.trying import care, tried
from graveshift.selection.walk import Walk
from graveshift.selection.wording import bulk, lasting, letters_in_words, moment, window
from graveshift.wire.jobs import Name
from graveshift.wire.moments import Moment, check_moments
from graveshift.wire.operations import Danger, Role
from graveshift.wire.plans import Confirm, Effect
from graveshift.wire.runs import PerSecond
from graveshift.wire.selection import Selection
from graveshift.wire.trials import Canaries, Guard, Then

LONGEST_DELAY_S = 365 * 86_400.0


class Requeue(Struct, frozen=True, forbid_unknown_fields=True):
    """`rate` is letters per second: null for the configured one, `unlimited` must be said.

    They come back to `queue` instead of their own, `delay_s` after they moved or `at` a time, with all their attempts
    or (`keep`) those that were left. `payload` is the new one of a single letter, as JSON text; `patch` is merged into
    each (RFC 7386). `override`: also where most of what the last run requeued of these died again.

    `canary` letters are tried first (true: the configured number), and `then` it goes on, asks or stops. `guard` has
    thresholds of its own for slowing itself down and stopping.
    """

    name: ClassVar[str] = "dlq.requeue"
    title: ClassVar[str] = "Requeue letters"
    danger: ClassVar[Danger] = Danger.BULK
    role: ClassVar[Role] = Role.OPERATOR
    needs: ClassVar[Can] = Can.REQUEUE

    selection: Selection
    rate: PerSecond | Literal["unlimited"] | None = None
    queue: Name | None = None
    delay_s: Annotated[float, Meta(ge=0, le=LONGEST_DELAY_S)] | None = None
    at: Moment | None = None
    attempts: Literal["reset", "keep"] = "reset"
    payload: str | None = None
    patch: dict[str, Any] | None = None
    override: bool = False
    canary: Canaries | bool | None = None
    then: Then | None = None
    guard: Guard | None = None

    def __post_init__(self) -> None:
        """Refuses a time that no queue could hold."""
        check_moments(at=self.at)

    async def plan(self, world: World) -> Draft:
        """Freeze the selection as of now, and look ahead."""
        self._check()
        aim = self._aim(world)
        frost = await aim.freeze()
        count = await count_letters(aim, frost)
        found = await surveyed(aim, frost, count, self.queue)
        past = await before(world, aim, found)
        samples, wide = await edited_samples(aim, frost, (self.payload, self.patch), world.redaction)
        window_s = 0 if self.canary else window(aim, world.undo_window_s)
        watched, told = self._care(world, aim, frost), forecast(world, count, self._rate(world), window_s, wide)
        told = structs.replace(told, brakes=brakes(watched, told, count, world.probes) or None)
        confirm, phrase = bulk(aim, count, world.environment)
        is_vain = past.in_vain and not self.override
        if is_vain:
            confirm, phrase = Confirm.PHRASE, PHRASE
        return Draft(
            count=count.n,
            count_is_exact=count.exact,
            walked=aim.walked,
            arrived_since=0,
            effects=[*tried(watched), *await self._effects(world, aim, count)],
            confirm=confirm,
            phrase=phrase,
            because=BECAUSE if is_vain else None,
            rate=told.rate,
            frozen=kept(frost),
            cutoff=frost.cutoff,
            parts=found.parts,
            parts_of=found.parts_of,
            warnings=[
                *([past.caution] if past.caution else []),
                *await claims_of_others(world, found),
                *await foreseen(world, aim, found, self.queue),
                *short_of_room(told),
            ],
            samples=samples,
            forecast=told,
            wait_s=window_s,
            delay_s=self.delay_s or None,
            due_at=self.at,
        )

    async def refresh(self, world: World, frozen: Mapping[str, Any]) -> Draft:
        """Count what came since; what was foreseen is not looked at again."""
        aim, frost = self._aim(world), thawed(frozen)
        since = await arrived(aim, frost)
        count = await count_letters(aim, frost)
        confirm, phrase = bulk(aim, count, world.environment)
        return Draft(count=count.n, arrived_since=since.n, arrived_is_exact=since.exact, confirm=confirm, phrase=phrase)

    async def run(self, world: World, carrier: Carrier) -> None:
        """Move them, oldest first."""

        async def move(source: Source, unit: Unit, letters: Sequence[str]) -> Sequence[Verdict]:
            back = self._back(carrier.actor)
            if self.payload is None and self.patch is None:
                return await source.move(unit, letters, Move.REQUEUE, carrier.run_id, back=back)
            edit = (self.payload, self.patch)
            return await moved_edited(source, unit, letters, carrier.run_id, back=back, edit=edit)

        aim, frost = self._aim(world), thawed(carrier.frozen)
        await carrier.chunks(Walk(aim, frost, move), self._care(world, aim, frost))

    def _care(self, world: World, aim: Aim[Letters], frost: Frost) -> Care:
        return care(world, aim, frost, canary=self.canary, then=self.then, guard=self.guard)

    def _check(self) -> None:
        if self.at is not None and self.delay_s is not None:
            raise Invalid("`at` and `delay_s` are two ways to say one thing: give one - at `$.at`")
        if self.payload is not None and self.patch is not None:
            raise Invalid("`payload` and `patch` are two ways to edit: give one - at `$.patch`")
        if self.payload is not None:
            if len(self.selection.ids or []) != 1:
                raise Invalid(
                    "`payload` is the new one of a single letter: name one id, or give a `patch` - at `$.payload`"
                )
            check_payload(self.payload)
        if self.patch is not None:
            check_patch(self.patch)
            check_unmasked(self.patch)

    def _back(self, actor: str) -> Back:
        keep = self.attempts == "keep"
        return Back(queue=self.queue, run_at=self.at, delay_s=self.delay_s, keep_attempts=keep, by=actor)

    def _aim(self, world: World) -> Aim[Letters]:
        alters = (self.queue, self.at, self.delay_s, self.payload, self.patch) != (None,) * 5 or self.attempts == "keep"
        needs = Can.ALTER if alters else self.needs
        return Aim(self.selection, world.letters, world.sources, needs=needs, fields=LETTER_FIELDS)

    async def _effects(self, world: World, aim: Aim[Letters], count: Count) -> list[Effect]:
        rate = self._rate(world)
        pace = "unlimited" if rate is None else f"at {rate:g}/s"
        subject = await letters_in_words(aim, count)
        effects = [Effect(subject, f"back to {self._whereto()}, behind live traffic, {pace}")]
        if self.payload is not None or self.patch is not None:
            kind = "a new payload" if self.payload is not None else "a merge patch"
            effects.append(Effect("their payloads", f"{kind}; the originals are kept, and an undo brings them back"))
        if self.attempts == "keep":
            effects.append(Effect("their attempts", "only those that were left, at least one each"))
        return effects

    def _whereto(self) -> str:
        where = f"waiting in queue {self.queue}" if self.queue else "waiting"
        if self.at is not None:
            return f"{where}, due at {moment(self.at)}"
        return f"{where}, due {lasting(self.delay_s)} after each has moved" if self.delay_s else where

    def _rate(self, world: World) -> float | None:
        match self.rate:
            case None:
                return world.rate_per_s
            case "unlimited":
                return None
            case per_s:
                return per_s
