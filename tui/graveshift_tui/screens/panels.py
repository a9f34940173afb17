"""The overview's panels: causes, queues, runs, and what keeps one safe; only what the backend can say."""

from datetime import datetime
from itertools import zip_longest

from msgspec import Struct

from graveshift.wire.backups import Backup
from graveshift.wire.overview import Overview
from graveshift.wire.runs import Run
from graveshift.wire.secrets import SecretState
from graveshift.wire.workers import WorkerState
from graveshift_tui import format as f
from graveshift_tui.card import Card
from graveshift_tui.operate import progress
from graveshift_tui.screens import groups, paces, queues, standing, workers
from graveshift_tui.steered import state_of
from graveshift_tui.widgets.columns import At, heading, line
from graveshift_tui.widgets.paint import Line, Span, width_of

RUNS = 3
WIDE = 139
STANDING = 5
LABEL = 11
"""Cells before the words of the foot."""


class Entry(Struct, frozen=True):
    """One line of the overview; `card` and `row` are what enter opens and verbs act on, where there is something."""

    line: Line
    card: str = ""
    row: Struct | None = None
    id: str = ""


def panels(seen: Overview, at: At, height: int) -> list[tuple[Entry, ...]]:
    """Lines of the screen, each of one entry or of two side by side; rows that do not fit into `height` are counted."""
    foot = [(entry,) for entry in (*_runs(seen, at), *_safety(seen, at), *_standing(seen, at))]
    wide = at.width >= WIDE
    upper = _beside(seen, at, height - len(foot) - 2) if wide else _stacked(seen, at, height - len(foot))
    gap = max(0, min(2, height - len(upper) - len(foot)))
    return [*upper, *[(Entry(()),)] * min(1, gap), *foot][:height]


def side(width: int) -> int:
    """Cells of each of two panels side by side, with two blanks between them."""
    return (width - 2) // 2


def _stacked(seen: Overview, at: At, height: int) -> list[tuple[Entry, ...]]:
    """Causes, and queues below them."""
    room = height - 4
    half = max(1, min(len(seen.groups) + 1, room - min(len(seen.queues) + 1, room // 2)))
    causes = _table(groups.CARD, list(seen.groups), at, half, seen.totals.groups)
    waiting = _table(queues.CARD, list(seen.queues), at, max(1, room - len(causes) + 1), len(seen.queues))
    return [(entry,) for entry in (*causes, Entry(()), *waiting)]


def _beside(seen: Overview, at: At, room: int) -> list[tuple[Entry, ...]]:
    """Causes at the left, queues at the right."""
    half = At(side(at.width), at.now)
    causes = _table(groups.CARD, list(seen.groups), half, room, seen.totals.groups)
    waiting = _table(queues.CARD, list(seen.queues), half, room, len(seen.queues))
    return list(zip_longest(causes, waiting, fillvalue=Entry(())))


def _table(card: Card, rows: list[Struct], at: At, room: int, total: int) -> list[Entry]:
    """Titles, then rows; the last line counts what does not fit."""
    head = heading(card.columns, at.width)
    title: Line = tuple((text, "bold heading" if i == 0 else words) for i, (text, words) in enumerate(head))
    if not rows:
        return [Entry(title), Entry(((f"   {card.empty}", "muted"),))]
    fits = rows if len(rows) <= room and total <= len(rows) else rows[: max(1, room - 1)]
    entries = [Entry(title), *(_row(card, row, at) for row in fits)]
    more = max(total, len(rows)) - len(fits)
    return [*entries, Entry(((f"   {more:,} more", "muted"),), card.name)] if more > 0 else entries


def _row(card: Card, row: Struct, at: At) -> Entry:
    tone = card.tone(row)
    prefix: Span = (" !" if tone in ("crit", "warn") else "  ", tone)
    shown = line(card.columns, row, width=at.width, now=at.now, tone=tone, prefix=prefix)
    return Entry(shown, card.name, row, card.id_of(row))


def _runs(seen: Overview, at: At) -> list[Entry]:
    """Live runs, else the last one."""
    live = [run for run in seen.runs if run.state.is_live]
    shown = live[:RUNS] or seen.runs[:1]
    entries = [Entry(_run(run, at, first=i == 0), "runs", run, run.id) for i, run in enumerate(shown)]
    if len(live) > RUNS:
        entries.append(Entry(((f"           {len(live) - RUNS} more runs", "muted"),), "runs"))
    return entries


def _run(run: Run, at: At, *, first: bool) -> Line:
    """The run in words; where they do not all fit, the bar goes first, then who."""
    head = "  RUNS     " if first else "           "
    tone = "accent" if run.state.is_live else "crit" if run.error or run.failed else "ok"
    bar = f"  {f.bar(run.handled / run.total, 10)}" if run.total and run.state.is_live else ""
    speed = f"  {paces.drip(run)}" if run.rate and run.state.is_live else ""
    speed += " slowed by itself" if run.slowed is not None and run.state.is_live else ""
    eta = f"  {paces.eta(run)}" if paces.eta(run) else ""
    ends = [] if f.in_canary(run) else [f"  {words}" for words in f.became(run)]
    start: Line = (
        (head, "bold heading"),
        (f"#{run.id} {run.operation} ", "text"),
        (state_of(run), "warn" if run.halt else tone),
    )
    done, who = f"  {progress(run)}", (f"  {run.actor}", "muted")
    said = f"{done}{speed}{eta}"
    over = ends if ends and not run.state.is_live else [said]
    words = [bar + said + ends[0], said + ends[0]] if ends else []
    tries: list[Line] = [((text, "text"), who) for text in (*words, bar + over[0], over[0])]
    tries += [((text, "text"),) for text in over]
    return (*start, *next((end for end in tries if width_of((*start, *end)) <= at.width), ((done, "text"),)))


def _safety(seen: Overview, at: At) -> list[Entry]:
    entries = []
    if seen.workers:
        silent = [worker for worker in seen.workers if worker.state is WorkerState.SILENT]
        since = min((last for worker in silent if (last := workers.silent_since(worker, at.now))), default=None)
        words = f"{len(seen.workers) - len(silent)} of {len(seen.workers)} alive"
        spans: Line = (
            ("  WORKERS  ", "bold heading"),
            (words, "crit" if silent else "text"),
            (f"   {f.things(seen.totals.running, 'job')} running", "muted"),
            (f"   {f.count(len(silent))} silent, since {f.since(since, at.now)}" if silent else "", "crit"),
        )
        entries.append(Entry(spans, "workers"))
    entries.append(Entry((("  SAFETY   ", "bold heading"), *_backup(seen.backups, at.now), *_secrets(seen)), "backups"))
    return entries


def _standing(seen: Overview, at: At) -> list[Entry]:
    """What operators did to queues and would forget: paused, draining, held; what there is no room for is counted."""
    tells = (("PAUSED", "paused ", standing.paused), ("DRAINING", "draining ", standing.draining),
             ("HELD", "", standing.held))  # fmt: skip
    entries = [
        Entry((*label(word), (f.fit(f"{queue.name} {said.removeprefix(prefix)}", at.width - LABEL).rstrip(), "text")),
              "queues", queue, f"{queue.id} {word}")
        for word, prefix, tell in tells for queue in seen.queues if (said := tell(queue, at.now))
    ]  # fmt: skip
    most = STANDING if len(entries) <= STANDING else STANDING - 1
    more: Line = (*label(""), (f"{len(entries) - most} more that are paused, draining or held", "muted"))
    return [*entries[:most], *([Entry(more, "queues", id="more")] if len(entries) > most else [])]


def label(word: str) -> Line:
    """The head of a line of the foot."""
    return ((f"  {word}".ljust(LABEL), "bold mark"),)


def _backup(backups: list[Backup], now: datetime) -> Line:
    proven = max((b.verified_at for b in backups if b.verified_at), default=None)
    if proven is None:
        return (("no verified backup", "warn"),)
    return ((f"verified backup {f.ago(proven, now)} old", "text"),)


def _secrets(seen: Overview) -> Line:
    if not seen.secrets:
        return ()
    late = sum(secret.state is SecretState.OVERDUE for secret in seen.secrets)
    return ((f"   secrets: {late} overdue", "warn"),) if late else (("   secrets ok", "text"),)
