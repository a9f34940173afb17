"""What named letters have in common, in memory."""

from collections import Counter
from collections.abc import Sequence

from graveshift.back import Alike
from graveshift.drivers.memory.state import Body, State
from graveshift.fingerprint import normalise
from graveshift.store.position import letter_position


def survey(state: State, natives: Sequence[str], queue: str | None) -> list[Alike]:
    """See `graveshift.driver.Letters.survey`."""
    places = {place for native in natives if (place := letter_position(native)) in state.dead and place is not None}
    bodies = [state.dead[place] for place in sorted(places)]
    counted: Counter[tuple[str, str, str, str | None]] = Counter()
    taken: Counter[tuple[str, str, str, str | None]] = Counter()
    newest: dict[tuple[str, str, str, str | None], Body] = {}
    seen: set[tuple[str, str]] = set()
    for body in bodies:
        job, run = body.job, body.job.run_id
        alike = (job.queue, job.kind, body.fingerprint, None if run is None else str(run))
        counted[alike] += 1
        newest[alike] = body
        if job.unique_key is not None:
            key = (queue or job.queue, job.unique_key)
            taken[alike] += key in seen or state.holder(*key) is not None
            seen.add(key)
    return [
        Alike(
            queue=alike[0],
            kind=alike[1],
            fingerprint=alike[2],
            error_type=newest[alike].error_type,
            n=n,
            message=normalise(newest[alike].error_message),
            run_id=alike[3],
            taken=taken[alike],
        )
        for alike, n in sorted(counted.items(), key=lambda one: (-one[1], one[0][:3]))
    ]
