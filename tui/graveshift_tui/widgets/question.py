"""What a plan would do, in words: every effect whole, as many of them as there is room for, the rest a page on."""

import re
from textwrap import wrap
from typing import Final

from graveshift.wire.plans import Confirm, Plan
from graveshift_tui.foretold import brake_line, disk_line, pace_line, part_lines, sample_lines, warning_lines
from graveshift_tui.format import count, fit, things, total
from graveshift_tui.sanitize import clean
from graveshift_tui.settings import ConsoleError
from graveshift_tui.widgets.paint import Line

MOMENT: Final = re.compile(r"\b(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(?:\.\d+)?(?:Z|[+-]00:?00)")
HEAD: Final = 3
REQUEUE: Final = "dlq.requeue"
BACK: Final = "u takes back what still waits"
WARN: Final = "warn"


def question(title: str, scope: str, plan: Plan, width: int, height: int, *, page: int = 0) -> list[Line]:
    """At most `height` lines, but the first effect is never cut. What has no room is on the pages after the first.

    After the last page comes the first. Where there are pages no line is left blank but the one before the phrase.
    """
    head, foot = _head(title, scope, plan, width), [*_phrase(plan, width), ()]
    blocks = _blocks(plan, width)
    if sum(map(len, blocks)) > height - len(head) - len(foot):
        head, foot = [line for line in head if line], foot[:-1] or [()]
    leaves = _leaves(blocks, max(2, height - len(head) - len(foot)))
    here = page % len(leaves)
    body = [line for block in leaves[here] for line in block]
    if len(leaves) > 1:
        body.append((("    pgdn", "bold accent"), *_more([block for leaf in leaves[here + 1 :] for block in leaf])))
    return [*head, *body, *foot]


def _head(title: str, scope: str, plan: Plan, width: int) -> list[Line]:
    """What is to be done, and how many have come since."""
    danger = "crit" if plan.confirm is Confirm.PHRASE else "bright"
    named = wrap(clean(f"{title} {scope}", 600), width - 4, max_lines=HEAD, placeholder="…")
    head: list[Line] = [()] + [((f"  {part}", f"bold {danger}"),) for part in named]
    if arrived := plan.arrived_since:
        head.append(
            ((f"  {total(arrived, exact=plan.arrived_is_exact)} more since you looked; they stay as they are", "warn"),)
        )
    return [*head, (), (("  This changes:", "muted"),)]


def _more(rest: list[list[Line]]) -> Line:
    """`3 more, 1 warning`; after the last page comes the beginning."""
    warnings = sum(block[0][0][1] == WARN for block in rest)
    warned: Line = ((f", {things(warnings, 'warning')}", "bold warn"),) if warnings else ()
    return ((f"  {count(len(rest))} more" if rest else "  the beginning", "muted"), *warned)


def shortened(text: str, plan: Plan) -> str:
    """Times of the plan's own day without the day: `until 23:16:50Z`."""
    today = plan.cutoff.strftime("%Y-%m-%d")
    return MOMENT.sub(lambda found: f"{found[2]}Z" if found[1] == today else f"{found[1]} {found[2]}Z", text)


def refusal(error: ConsoleError, plan: Plan, width: int) -> list[Line]:
    """Why the plan was not carried out, whole: what has changed since is what one reads before it is planned again."""
    return [((f"  {part}", "crit"),) for part in _wrapped(shortened(str(error), plan), width - 2)]


def _blocks(plan: Plan, width: int) -> list[list[Line]]:
    """What decides comes first: the first effect, with a canary the one after it, how fast and what takes it back.

    Then at what it slows itself down and stops, warnings, the other effects, what an edit changes, the disk and what it
    is made of, each whole.
    """
    effects = [("text", f"{effect.subject}: {effect.change}") for effect in plan.effects]
    first = 2 if plan.args.get("canary") else 1
    said = [
        *effects[:first],
        *(("text", line) for line in (_pace(plan), brake_line(plan)) if line),
        *((WARN, f"! {line}") for line in warning_lines(plan)),
    ]
    said += [*effects[first:], *(("text", line) for line in sample_lines(plan))]
    said += [("muted", line) for line in (disk_line(plan), *part_lines(plan)) if line]
    return [_block(shortened(text, plan), tone, width) for tone, text in said]


def _pace(plan: Plan) -> str:
    """With the way back, where a requeue does not wait for it."""
    pace, told = pace_line(plan), plan.forecast
    is_open = plan.operation == REQUEUE and told is not None and not told.undo_window_s
    return f"{pace}; {BACK}" if pace and is_open else pace


def _block(text: str, tone: str, width: int) -> list[Line]:
    start = " " * (len(text) - len(text.lstrip()))
    parts = _wrapped(text.lstrip(), width - 8 - len(start))
    return [((f"    {start}{'  ' if i else ''}{part}", tone),) for i, part in enumerate(parts)]


def _leaves(blocks: list[list[Line]], room: int) -> list[list[list[Line]]]:
    """Blocks by page; a last line of each is kept for the way on."""
    if sum(map(len, blocks)) <= room or len(blocks) < 2:
        return [blocks]
    leaves: list[list[list[Line]]] = [[]]
    for block in blocks:
        if leaves[-1] and sum(map(len, leaves[-1])) + len(block) > room - 1:
            leaves.append([])
        leaves[-1].append(block)
    return leaves


def _phrase(plan: Plan, width: int) -> list[Line]:
    """What to type, and why that where it is not the usual phrase: who types it has read the reason."""
    if plan.phrase is None:
        return []
    why = clean(plan.because or "", 60)
    said = f"{why[:1].upper()}{why[1:]}. To do it all the same, type" if why else "To confirm, type"
    *above, last = _wrapped(said, width - 4 - min(len(plan.phrase), width // 2))
    shown = fit(plan.phrase, min(len(plan.phrase) + 2, max(8, width - len(last) - 6))).rstrip()
    return [(), *(((f"  {part}", "text"),) for part in above), ((f"  {last}  ", "text"), (shown, "bold warn"))]


def _wrapped(text: str, width: int) -> list[str]:
    return wrap(clean(text, 600), max(10, width)) or [""]
