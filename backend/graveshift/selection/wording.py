"""What a verb is going to act on, in words: identities and states, never ages."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from msgspec import structs

from graveshift.driver import Count, Letters
from graveshift.selection import Aim, P
from graveshift.wire.plans import Confirm
from graveshift.wire.selection import Filter

NAMED = 3
PHRASE_ABOVE = 100


def how_many(count: Count, one: str, many: str) -> str:
    """`1 letter`, `4,112 letters`, `10,000+ letters`."""
    return f"{count.n:,}{'' if count.exact else '+'} {one if count == Count(1) else many}"


def moment(at: datetime) -> str:
    """`2026-11-22 03:40:00Z`."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%SZ}"


def lasting(seconds: float) -> str:
    """`1h`, `15m` or `2.5s`: in the greatest unit that it is whole in."""
    for unit, s in (("h", 3600), ("m", 60)):
        if seconds >= s and seconds % s == 0:
            return f"{seconds / s:g}{unit}"
    return f"{seconds:g}s"


def until(end: datetime | None, otherwise: str) -> str:
    """`until 2026-11-22 03:40:00Z`, or what ends it where no time does."""
    return f"until {moment(end)}" if end else f"until {otherwise}"


def which(chosen: Filter) -> str:
    """The conditions of a filter, in an order that reads well: ` in queue parse, of kind parse_file`."""
    words: Mapping[str, str] = {
        "error_type": "of {}",
        "fingerprint": "of cause {}",
        "queue": "in queue {}",
        "kind": "of kind {}",
        "system": "in system {}",
        "state": "that are {}",
        "text": 'saying "{}"',
        "run_id": "moved by run {}",
        "version": "last failed by version {}",
        "attempts_min": "after {} attempts or more",
        "attempts_max": "after {} attempts or fewer",
        "requeued_min": "requeued {} times or more",
        "requeued_max": "requeued {} times or fewer",
        "enqueued_after": "enqueued after {:%Y-%m-%d %H:%M:%SZ}",
        "enqueued_before": "enqueued before {:%Y-%m-%d %H:%M:%SZ}",
        "payload": "with {} in the payload",
        "died_after": "that died after {:%Y-%m-%d %H:%M:%SZ}",
        "died_before": "that died before {:%Y-%m-%d %H:%M:%SZ}",
    }
    given = [(say, getattr(chosen, name)) for name, say in words.items()]
    said = "".join(f" {say.format(_in_utc(value))}" for say, value in given if value is not None)
    return said + _carrying(chosen) + "".join(f", but not{which(excluded)}" for excluded in chosen.without)


def _carrying(chosen: Filter) -> str:
    """What letters and jobs have in them; a secret value is said by its place alone."""
    phrases = [f' saying "{phrase}"' for phrase in chosen.phrases]
    contained = [f" with {either[0]} in the payload" for either in chosen.contains]
    return "".join([*phrases, *contained, *(f" with a secret {'.'.join(one.path)}" for one in chosen.veiled)])


def _in_utc(value: object) -> object:
    """A time in the zone that is said of it; anything else as it is."""
    return value.astimezone(UTC) if isinstance(value, datetime) else value


async def letters_in_words(aim: Aim[Letters], count: Count) -> str:
    """`4,112 letters of KeyError in queue parse`: a cause is said by its error, few ids are said one by one."""
    many = how_many(count, "letter", "letters")
    if aim.ids is not None:
        return many + _named(aim.ids, count)
    if aim.filter.is_empty:
        return f"{many}, all there are"
    return many + which(await _with_error(aim))


def _named(ids: Sequence[str], count: Count) -> str:
    """Few are named one by one; of those that are nothing, or have left, it is said how many they are."""
    missing = len(ids) - count.n
    if missing:
        return f"; {missing:,} of these {'is no letter' if missing == 1 else 'are no letters'}"
    return f": {', '.join(ids)}" if len(ids) <= NAMED else " marked by hand"


async def _with_error(aim: Aim[Letters]) -> Filter:
    """The filter with its fingerprint said as the error type that its newest letter died of."""
    chosen = aim.filter
    if chosen.fingerprint is None or chosen.error_type is not None:
        return chosen
    for letters in aim.pools.values():
        if newest := (await letters.page(chosen, None, 1)).items:
            return structs.replace(chosen, fingerprint=None, error_type=newest[0].error_type)
    return chosen


def window(aim: Aim[P], window_s: float) -> float:
    """How long a run waits before its first item: not at all for a few things that were named one by one."""
    return 0 if aim.ids is not None and len(aim.ids) <= PHRASE_ABOVE else window_s


def bulk(aim: Aim[P], count: Count, environment: str) -> tuple[Confirm, str | None]:
    """How a bulk verb that can be taken back is confirmed: above a hundred things, by a phrase that says what it is.

    For named ids that is their count. What a filter finds may grow meanwhile: there it is the name of the queue, else
    of the kind, of the error or of the environment: a phrase that was read once is still right when it is sent.
    """
    if count.exact and count.n <= PHRASE_ABOVE:
        return Confirm.YES, None
    if aim.ids is not None:
        return Confirm.PHRASE, str(count.n)
    return Confirm.PHRASE, aim.filter.queue or aim.filter.kind or aim.filter.error_type or environment
