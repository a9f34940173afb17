"""How a requeue is tried first and watched, from its arguments: checked, said in words, handed to the runner."""

from collections.abc import Sequence
from functools import partial

from graveshift.drip import guarded
from graveshift.driver import Letters
from graveshift.errors import Invalid, Unsupported
from graveshift.operation import Care, World
from graveshift.selection import Aim, Frost, system_of
from graveshift.selection.sampling import sample
from graveshift.wire.plans import Effect
from graveshift.wire.trials import Guard, Then


def care(
    world: World, aim: Aim[Letters], frost: Frost, *, canary: int | bool | None, then: Then | None, guard: Guard | None
) -> Care:
    """`canary` True is the configured number, False and None are none.

    Raises Invalid for a probe that is not configured, thresholds that contradict the configured ones, and for what
    makes no sense without a canary; Unsupported where a system of the selection cannot try.
    """
    try:
        drip = guarded(world.drip, guard)
    except ValueError as error:
        raise Invalid(f"{error} - at `$.guard`") from error
    if drip.probe is not None and drip.probe not in world.probes:
        known = ", ".join(sorted(world.probes)) or "none"
        raise Invalid(f"no probe is called `{drip.probe}`; there are {known} - at `$.guard.probe`")
    wanted = drip.canary if canary is True else canary or None
    if wanted is None and then is not None:
        raise Invalid("`then` says what follows a canary, and there is none - at `$.then`")
    reached = aim.pools if aim.ids is None else {system_of(id) for id in aim.ids} & aim.pools.keys()
    if wanted and (unable := sorted(name for name in reached if name not in world.trials)):
        raise Unsupported(f"a canary in {', '.join(unable)}")
    return Care(drip, wanted, then or drip.canary_then, partial(sample, aim, frost))


def tried(care: Care) -> Sequence[Effect]:
    """What the plan says of its canary."""
    if care.canary is None:
        return []
    red = "one failed first attempt is red" if care.drip.canary_red == 1 else f"{care.drip.canary_red} failures are red"
    after = {
        Then.GO: "green goes on with the rest, red or late asks",
        Then.ASK: "nothing else moves until you say so",
        Then.STOP: "then it ends",
    }
    spread = "spread over queues, kinds, causes, versions, hosts and ages"
    rule = f"{red}, late after {care.drip.canary_s:g} s; {after[care.then]}"
    change = f"go first, ahead of the backlog and past a pause; {rule}"
    return [Effect(f"a canary of {care.canary:,} of them, {spread}", change)]
