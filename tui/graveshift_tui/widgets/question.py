"""What a plan would do, in words: every effect whole, as many of them as there is room for, and the rest counted."""

import re
from textwrap import wrap
from typing import Final

from graveshift.wire.plans import Confirm, Plan
from graveshift_tui.foretold import forecast_line, part_lines, sample_lines, warning_lines
from graveshift_tui.format import count, fit, things
from graveshift_tui.sanitize import clean
from graveshift_tui.settings import ConsoleError
from graveshift_tui.widgets.paint import Line

MOMENT: Final = re.compile(r"\b(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(?:\.\d+)?(?:Z|[+-]00:?00)")
HEAD: Final = 3


def question(title: str, scope: str, plan: Plan, width: int, height: int) -> list[Line]:
    """At most `height` lines, but the first effect is never cut."""
    danger = "crit" if plan.confirm is Confirm.PHRASE else "bright"
    head: list[Line] = [()] + [((f"  {part}", f"bold {danger}"),) for part in _wrapped(f"{title} {scope}", width - 4)]
    head = head[: HEAD + 1]
    if arrived := plan.arrived_since:
        head.append(((f"  {count(arrived)} more since you looked; they stay as they are", "warn"),))
    head += [(), (("  This changes:", "muted"),)]
    foot = [*_phrase(plan, width), ()]
    room = height - len(head) - len(foot)
    effects = _effects(plan, width, room)
    return [*head, *effects, *_foretold(plan, width, room - len(effects)), *foot]


def shortened(text: str, plan: Plan) -> str:
    """Times of the plan's own day without the day: `until 23:16:50Z`."""
    today = plan.cutoff.strftime("%Y-%m-%d")
    return MOMENT.sub(lambda found: f"{found[2]}Z" if found[1] == today else f"{found[1]} {found[2]}Z", text)


def refusal(error: ConsoleError, plan: Plan, width: int) -> list[Line]:
    """Why the plan was not carried out, whole: what has changed since is what one reads before it is planned again."""
    return [((f"  {part}", "crit"),) for part in _wrapped(shortened(str(error), plan), width - 2)]


def _effects(plan: Plan, width: int, room: int) -> list[Line]:
    lines: list[Line] = []
    for index, effect in enumerate(plan.effects):
        parts = _wrapped(shortened(f"{effect.subject}: {effect.change}", plan), width - 8)
        rest = len(plan.effects) - index
        if index and len(lines) + len(parts) > room - (rest > 1):
            return [*lines, ((f"    and {things(rest, 'more effect')}", "muted"),)]
        lines += [((f"    {'  ' if i else ''}{part}", "text"),) for i, part in enumerate(parts)]
    return lines


def _foretold(plan: Plan, width: int, room: int) -> list[Line]:
    """Warnings first, then what an edit changes, what it takes and what it is made of; what has no room is counted."""
    said = [("warn", f"! {line}") for line in warning_lines(plan)]
    said += [("text", line) for line in sample_lines(plan)]
    said += [("muted", line) for line in ((forecast_line(plan) or ""), *part_lines(plan)) if line]
    lines: list[Line] = []
    for index, (tone, text) in enumerate(said):
        parts = _wrapped(shortened(text, plan), width - 6) if tone == "warn" else [fit(text, width - 6).rstrip()]
        rest = len(said) - index
        if len(lines) + len(parts) > room - (rest > 1):
            more = f"    and {things(rest, 'more line')} of the plan: graveshift do ... --dry-run shows them"
            return [*lines, ((more, "muted"),)] if room > len(lines) else lines
        lines += [((f"    {'  ' if i else ''}{part}", tone),) for i, part in enumerate(parts)]
    return lines


def _phrase(plan: Plan, width: int) -> list[Line]:
    if plan.phrase is None:
        return []
    shown = fit(plan.phrase, min(len(plan.phrase) + 2, width - 22)).rstrip()
    return [(), (("  To confirm, type  ", "text"), (shown, "bold warn"))]


def _wrapped(text: str, width: int) -> list[str]:
    return wrap(clean(text, 600), max(10, width)) or [""]
