"""Numbers, ages, times and trends as the shortest text that still says the truth; None is shown as "cannot say"."""

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import pairwise
from typing import Final

from rich.cells import cell_len, set_cell_size

from graveshift.wire.runs import Run, RunState
from graveshift_tui.sanitize import clean

UNKNOWN: Final = "·"
BLOCKS: Final = "▁▂▃▄▅▆▇█"
LEAST: Final = 0.005
"""What is measured and less is as good as nothing; no rate is set as low."""
BETWEEN: Final = " ,:;/·{}[]()"
"""What stands between words."""


def count(value: int | None) -> str:
    """`4,112`; past nine million `12.3M`."""
    if value is None:
        return UNKNOWN
    return f"{value:,}" if abs(value) < 10_000_000 else f"{value / 1e6:,.1f}M"


def short(value: int) -> str:
    """`4,112`, `36.6k`, `1.2M`: where a number must not be cut."""
    return f"{value:,}" if value < 10_000 else rate(value) if value < 999_950 else f"{value / 1e6:,.1f}M"


def total(value: int | None, *, exact: bool) -> str:
    """`10,000+` where counting stopped."""
    return UNKNOWN if value is None else count(value) + ("" if exact else "+")


def things(value: int | None, one: str, *, exact: bool = True, many: str | None = None) -> str:
    """`1 letter`, `3 letters`, `10,000+ letters`."""
    word = one if value == 1 and exact else many or f"{one}s"
    return f"{total(value, exact=exact)} {word}" if value is not None else word


def in_canary(run: Run) -> bool:
    """True while nothing was moved but the run's canary."""
    return run.state.is_live and run.canary is not None and run.handled <= run.canary.jobs


def canary(run: Run) -> str:
    """`canary 14 done, 2 failed, 4 running of 20`; empty for a run without one."""
    return next(iter(trying(run)), "")


def trying(run: Run) -> tuple[str, ...]:
    """The same in ever fewer words, with numbers whole: what failed is told last of all to go."""
    seen = run.canary
    if seen is None:
        return ()
    parts = ((seen.done, "done"), (seen.failed, "failed"), (seen.running, "running"), (seen.waiting, "waiting"))
    told = [(n, word) for n, word in (*parts, (seen.gone, "gone")) if n]
    full, of = ", ".join(f"{count(n)} {word}" for n, word in told), count(seen.jobs or seen.asked)
    brief = sorted(told, key=lambda part: part[1] not in ("failed", "done"))
    fewer = [", ".join(f"{count(n)} {word}" for n, word in brief[:many]) for many in (3, 2)]
    worst = next((f"{count(n)} {word}" for n, word in told if word == "failed"), full.partition(",")[0])
    return tuple(
        f"canary {words}" for words in (f"{full or 'begins'} of {of}", full or "begins", *fewer, worst) if words
    )


def became(run: Run) -> tuple[str, ...]:
    """`20 done, 0 died again`, and what else became of the jobs it requeued, in ever fewer words, with numbers whole.

    Empty where nobody can say.
    """
    seen = run.became
    if seen is None:
        return ()
    more = [(seen.waiting, "not ended yet"), (seen.cancelled, "cancelled"), (seen.recalled, "recalled")]
    told = [(n, word) for n, word in more if n]
    full = [(seen.done, "done"), (seen.died, "died again"), *told]
    waits, ended = (seen.waiting, "not ended"), [(seen.died, "died"), (seen.done, "done")]
    most = sorted([ended[1], *more[1:]], key=lambda part: -part[0])
    brief = [*reversed(ended), waits, *more[1:]] if run.state.is_live else [waits, ended[0], *most]
    proof = ("done", "died") if run.state.is_live else ()
    least = [(n, word) for n, word in brief if n or word in proof] or [(0, "done")]
    said = [", ".join(f"{count(n)} {word}" for n, word in full), ", ".join(f"{short(n)} {word}" for n, word in full)]
    return (*said, *(", ".join(f"{short(n)} {word}" for n, word in least[:many]) for many in (5, 3, 2, 1)))


def stage(run: Run) -> str:
    """Its state; `moved` of a requeue that moved everything while not all of its jobs have ended."""
    is_under_way = run.state is RunState.SUCCEEDED and run.became is not None and run.became.waiting > 0
    return "moved" if is_under_way else run.state.value


def rate(value: float | None) -> str:
    """Per-something numbers: `0.04`, `4.2`, `41`, `13.9k`; two digits below 1, and `0` only where it is hardly more."""
    if value is None:
        return UNKNOWN
    if value < 1:
        return "0" if value < LEAST else f"{value:.2g}"
    if value < 10:
        return f"{value:.1f}".removesuffix(".0")
    return f"{value:,.0f}" if value < 10_000 else f"{value / 1000:,.1f}k"


def speed(per_s: float | None) -> str:
    """A rate as it was set, to be typed so again: `0.04`, `12.5`, `50,000`."""
    return rate(per_s) if per_s is None or per_s < 1 else f"{per_s:,.2f}".rstrip("0").rstrip(".")


def drip(now: float | None, asked: float) -> str:
    """`500/s`; `50 → 500/s` while it is slower than it was asked to be, as at its beginning."""
    asked_for = f"{speed(asked)}/s"
    return asked_for if now is None or now >= asked or rate(now) == rate(asked) else f"{rate(now)} → {asked_for}"


def age(seconds: float | None) -> str:
    """`2s`, `14m12s`, `42m`, `2h06m`, `5d`: two parts at most, and the second only while it matters."""
    if seconds is None:
        return UNKNOWN
    whole = max(0, int(seconds))
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        minutes, rest = divmod(whole, 60)
        return f"{minutes}m{rest:02d}s" if minutes < 30 and rest else f"{minutes}m"
    if whole < 86_400:
        hours, minutes = whole // 3600, whole % 3600 // 60
        return f"{hours}h{minutes:02d}m" if minutes else f"{hours}h"
    return f"{whole // 86_400}d"


def since(at: datetime | None, now: datetime) -> str:
    """Today's things by their time (`02:51`), older ones by their age (`5d`)."""
    if at is None:
        return UNKNOWN
    seconds = (now - at).total_seconds()
    return at.astimezone(UTC).strftime("%H:%M") if seconds < 86_400 else age(seconds)


def ago(at: datetime | None, now: datetime) -> str:
    """How long before `now`, as an age."""
    return UNKNOWN if at is None else age((now - at).total_seconds())


def clock(at: datetime) -> str:
    """The time of day: `03:12:41Z`."""
    return at.astimezone(UTC).strftime("%H:%M:%SZ")


def moment(at: datetime | None) -> str:
    """Date and time: `2026-11-22 03:12:41Z`."""
    return UNKNOWN if at is None else at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%SZ")


def size(value: int | None) -> str:
    """Bytes: `812 B`, `4.2 MB`."""
    if value is None:
        return UNKNOWN
    amount, unit = float(value), "B"
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if amount < 1000 or unit == "TB":
            break
        amount /= 1000
    return f"{amount:.0f} {unit}" if unit == "B" or amount >= 100 else f"{amount:.1f} {unit}"


def spark(values: Sequence[float] | None, width: int) -> str:
    """A trend in block characters, newest at the right; its own greatest value is the full block."""
    if not values:
        return ""
    shown = _squeeze(values, width)
    top = max(shown)
    if top <= 0:
        return BLOCKS[0] * len(shown)
    return "".join(BLOCKS[0] if v <= 0 else BLOCKS[min(7, 1 + int(v / top * 6.999))] for v in shown)


def bar(part: float, width: int) -> str:
    """A filled line for a share between 0 and 1."""
    full = round(max(0.0, min(1.0, part)) * width)
    return "━" * full + "╌" * (width - full)


def share(part: int, whole: int | None) -> str:
    """`61%`; never 100% before it is whole."""
    if not whole:
        return UNKNOWN
    return "100%" if part >= whole else f"{min(99, part * 100 // whole)}%"


def percent(part: float) -> str:
    """`88%` of a part between 0 and 1; `<1%` of what is little, and never 100% before it is whole."""
    if 0 < part < 0.01:
        return "<1%"
    return f"{min(99, round(part * 100)) if part < 1 else 100}%"


def fit(text: str, width: int, *, right: bool = False) -> str:
    """Harmless, and exactly `width` cells wide, cut with `…` where it is too long."""
    if width <= 0:
        return ""
    shown = clean(text, width * 4)
    cells = cell_len(shown)
    if cells > width:
        return set_cell_size(shown, width - 1) + "…"
    pad = " " * (width - cells)
    return pad + shown if right else shown + pad


def phrase(text: str, width: int) -> str:
    """Harmless, and at most `width` cells: cut where a word ends, unless one word takes a third of it or more."""
    shown = clean(text, max(1, width) * 4)
    if cell_len(shown) <= width:
        return shown
    if width <= 1:
        return "…"[: max(0, width)]
    cut = set_cell_size(shown, width - 1)
    whole = next((at for at in range(len(cut), 0, -1) if at < len(shown) and _ends(shown, at)), 0)
    return f"{cut[:whole] if cell_len(cut[:whole]) * 3 >= width * 2 else cut}…"


def ending(text: str, width: int) -> str:
    """The end of a text, in at most `width` cells: it begins with a word, unless that costs half of it or more."""
    if cell_len(text) <= width or width <= 1:
        return text[: max(0, width)]
    kept = text[-(width - 1) :]
    while cell_len(kept) >= width:
        kept = kept[1:]
    begun = text[-len(kept) - 1] in BETWEEN or kept[0] in BETWEEN
    at = 0 if begun else next((i for i, char in enumerate(kept) if char in BETWEEN), 0)
    return f"…{(kept[at:] if 2 * at < len(kept) else kept).lstrip()}"


def _ends(text: str, at: int) -> bool:
    """A word ends before this place."""
    return text[at] in BETWEEN and text[at - 1] not in BETWEEN


def _squeeze(values: Sequence[float], width: int) -> list[float]:
    """`values` in at most `width` buckets, each the greatest of what falls into it."""
    if len(values) <= width:
        return list(values)
    edges = [round(i * len(values) / width) for i in range(width + 1)]
    return [max(values[a:b]) for a, b in pairwise(edges)]
