"""A requeue otherwise than usual: to another queue, later, with what attempts were left, by its own rate and guard."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Final

from msgspec import Struct
from msgspec.structs import replace

from graveshift.wire.queues import Queue
from graveshift_tui import moments, rates
from graveshift_tui.operate import Ask
from graveshift_tui.screens import verbs
from graveshift_tui.screens.flows import guarding, speeding
from graveshift_tui.screens.flows.asking import Flow

if TYPE_CHECKING:
    from graveshift_tui.widgets.choose import Choice, Chooser

NAME: Final = re.compile(r"[A-Za-z0-9._:-]{1,128}")
NAMES: Final = "Type more of the name, or pick one with the arrows."
LATER: Final = ("5m", "15m", "1h", "08:00")
LOOKS: Final = "45m or 1h30m is so long after each has moved; 03:40 or 2026-11-28 03:00 (UTC) is a time."


class Ways(Struct, frozen=True):
    """What was chosen so far, as arguments of the requeue; what is left out is as usual. `words` say it, by way."""

    args: dict[str, object] = {}
    words: dict[str, str] = {}

    def given(self, way: str, words: str, **args: object) -> "Ways":
        """The same, but for one way."""
        return Ways({**self.args, **args}, {**self.words, way: words})


def otherwise(flow: Flow) -> None:
    """Asks for the ways one by one, as often as there is something to say, and then as every requeue does."""
    ask = verbs.letters("dlq.requeue", flow.subject)

    async def read() -> list[str]:
        page = await flow.client.page("queues")
        return sorted({queue.name for queue in page.items if isinstance(queue, Queue)})

    flow.desk.ask(read(), lambda queues: _menu(flow, ask, queues, Ways()))


def _menu(flow: Flow, ask: Ask, queues: list[str], ways: Ways) -> None:
    from graveshift_tui.widgets.choose import Choice, Chooser

    now = flow.seen.as_of if flow.seen else datetime.now(UTC)
    go_on = partial(_menu, flow, ask, queues)
    usual = {"queue": "their own", "when": "at once", "attempts": "all of them again", "rate": "the usual one",
             "guard": guarding.USUAL}  # fmt: skip
    said = {way: ways.words.get(way, words) for way, words in usual.items()}
    asks: dict[str, Callable[[], Chooser]] = {
        "queue": lambda: _queue(queues), "when": lambda: _when(now), "rate": _rate, "guard": guarding.chooser,
    }  # fmt: skip
    sets: dict[str, Callable[[Ways, str], Ways]] = {
        "queue": _to, "when": partial(_at, now), "rate": _per_s, "guard": _guard,
    }  # fmt: skip

    def then(chosen: tuple[str, str]) -> None:
        way = chosen[0]
        if way == "go":
            flow.desk.order(replace(ask, args={**ask.args, **ways.args}))
        elif way == "attempts":
            go_on(_attempts(ways))
        else:
            flow.choose(asks[way](), lambda value: go_on(sets[way](ways, value[0])))

    offered = [Choice(way, f"{way:<10}{words}") for way, words in said.items()]
    flow.choose(Chooser(f"Requeue {ask.scope}: how?", [Choice("go", "go on to the question"), *offered]), then)


def _queue(queues: list[str]) -> "Chooser":
    from graveshift_tui.widgets.choose import Choice, Chooser

    def typed(text: str) -> "Choice | None":
        """The only one that it may be; a new one only where no known one is meant."""
        like = [text] if text in queues else [queue for queue in queues if text.lower() in queue.lower()]
        if not like and NAME.fullmatch(text):
            return Choice(text, f"{text}, a new queue")
        return Choice(like[0], like[0]) if len(like) == 1 else None

    offered = [Choice("", "their own"), *(Choice(queue, queue) for queue in queues)]
    return Chooser(
        "Back to which queue?", offered, typed=typed, looks="Type more of the name, or pick one with the arrows."
    )


def _to(ways: Ways, queue: str) -> Ways:
    return ways.given("queue", queue or "their own", queue=queue or None)


def _when(now: datetime) -> "Chooser":
    from graveshift_tui.widgets.choose import Choice, Chooser

    def typed(text: str) -> "Choice | None":
        return Choice(text.strip(), _due(text, now)) if moments.end_of(text, now) else None

    offered = [Choice("", "at once"), *(Choice(text, _due(text, now), text) for text in LATER)]
    return Chooser("Due when?", offered, typed=typed, looks=LOOKS, placeholder="15m, 2h, 03:40")


def _due(text: str, now: datetime) -> str:
    words = moments.words(text, now)
    after = f"{words.removeprefix('for ')} after each has moved"
    return after if moments.seconds(text) is not None else words.replace("until", "at", 1)


def _at(now: datetime, ways: Ways, text: str) -> Ways:
    delay_s, at = moments.seconds(text), moments.end_of(text, now)
    if delay_s is not None or at is None:
        return ways.given("when", _due(text, now) if text else "at once", delay_s=delay_s, at=None)
    return ways.given("when", _due(text, now), delay_s=None, at=moments.rfc3339(at))


def _attempts(ways: Ways) -> Ways:
    if ways.args.get("attempts") == "keep":
        return ways.given("attempts", "all of them again", attempts="reset")
    return ways.given("attempts", "only those that were left, at least one", attempts="keep")


def _rate() -> "Chooser":
    from graveshift_tui.widgets.choose import Choice, Chooser

    def typed(text: str) -> "Choice | None":
        return Choice(text.strip(), speeding.said(rates.rate_of(text))) if rates.readable(text) else None

    offered = [Choice(text, speeding.said(rates.rate_of(text)), text) for text in speeding.OFFERED]
    usual = Choice("", "the usual one")
    return Chooser("At what rate?", [usual, *offered], typed=typed, looks=rates.LOOKS, placeholder="a second: 500")


def _per_s(ways: Ways, text: str) -> Ways:
    if not text:
        return ways.given("rate", "the usual one", rate=None)
    per_s = rates.rate_of(text)
    return ways.given("rate", speeding.said(per_s), rate=rates.UNLIMITED if per_s is None else per_s)


def _guard(ways: Ways, text: str) -> Ways:
    return ways.given("guard", guarding.said(text), guard=guarding.chosen(text))
