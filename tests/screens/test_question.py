"""The question before a change says all of it, and with the plan's own numbers."""

from collections.abc import Mapping

import pytest
from msgspec.structs import replace

from graveshift.wire.plans import Caution, Confirm, Effect, Forecast, Plan
from graveshift.wire.runs import Run
from graveshift_tui.client import ApiError
from graveshift_tui.widgets import choose, confirm
from graveshift_tui.widgets.paint import Line
from graveshift_tui.widgets.question import question
from tests.screens.console import console
from tests.screens.fake_client import FakeClient
from tests.screens.night import START
from tests.waiting import until

LONG = "back to waiting, behind live traffic, at 50/s and never faster than their queues can take it, END"


class Counted(FakeClient):
    """The Desk counts 10,000 and stops, whatever the screen shows."""

    async def plan(self, operation: str, args: Mapping[str, object]) -> Plan:
        """The same, with another count."""
        return replace(await super().plan(operation, args), count=10_000, count_is_exact=False)


class Long(FakeClient):
    """A plan with more to say than there is room for."""

    async def plan(self, operation: str, args: Mapping[str, object]) -> Plan:
        """Nine effects, and a phrase."""
        effects = [Effect(f"subject {n}", "changes") for n in range(9)]
        return replace(await super().plan(operation, args), effects=effects, confirm=Confirm.PHRASE, phrase="mail")


def text_of(plan: Plan, width: int = 74, height: int = 17) -> str:
    return "\n".join("".join(text for text, _ in line) for line in question("Requeue", "all", plan, width, height))


async def a_plan() -> Plan:
    return await FakeClient(letters=3).plan("dlq.requeue", {"selection": {"all": True}})


async def test_an_effect_is_never_cut_in_the_middle() -> None:
    subject = "10,000+ letters of ConnectTimeout POST https://<host>/hook after <n>s in queue webhooks"
    plan = replace(await a_plan(), effects=[Effect(subject, LONG)] * 9)
    said = text_of(plan)
    assert said.count("END") == said.count("10,000+") >= 1
    assert f"pgdn  {9 - said.count('END')} more" in said
    assert len(said.splitlines()) <= 17
    assert text_of(plan, height=5).count("END") == 1


async def test_what_has_no_room_is_a_page_on_and_nothing_is_cut_in_a_word() -> None:
    words = "begins late because the log of the server must be written and the disk has to keep up with all of it, END"
    plan = replace(await a_plan(), effects=[Effect(f"subject {n}", words) for n in range(9)])
    seen = ""
    for page in range(9):
        lines = ["".join(text for text, _ in line) for line in question("Requeue", "all", plan, 74, 17, page=page)]
        assert len(lines) <= 17
        seen += "\n".join(lines)
    assert all(f"subject {n}: begins" in seen for n in range(9))
    assert "…" not in seen


def care(*words: str) -> list[Caution]:
    return [Caution(code="delivery", n=2000, of=2000, words=one) for one in words]


async def a_canary(*warnings: str) -> Plan:
    spread = "a canary of 20 of them, spread over queues, kinds, causes, versions, hosts and ages"
    said = "go first, ahead of the backlog and past a pause; one failed first attempt is red; then it asks"
    whole = "16,886 letters of httpx.ConnectTimeout in queue webhooks of kind post_hook in system native"
    effects = [
        Effect(spread, said),
        Effect(whole, "back to waiting, behind live traffic, at 50/s"),
        Effect("by", "the way"),
    ]
    told = Forecast(rate=50.0, first_rate=10.0, duration_s=340.0, undo_window_s=0.0, wal_bytes=42_200_000,
                    disk_bytes=15_200_000, brakes=BRAKES)  # fmt: skip
    return replace(await a_plan(), args={"canary": True}, effects=effects, warnings=care(*warnings), forecast=told,
                   confirm=Confirm.PHRASE, phrase="webhooks", arrived_since=0)  # fmt: skip


BRAKES = "10% failed first attempts or 1m wait slow it, 30% or 15m stop it"
TITLE = "Requeue (canary first) all 16,886 letters of ConnectTimeout POST https://<addr>/hook timed out after a while"
SENT = "may have arrived (ConnectTimeout): the same job id is sent again"


def page_of(plan: Plan, page: int = 0) -> str:
    """At 80 by 24: what the box leaves to the question there."""
    lines = question("", TITLE, plan, confirm.BOX - confirm.EDGES, 24 - confirm.FRAME, page=page)
    assert len(lines) <= 24 - confirm.FRAME
    return " ".join("".join(text for text, _ in line).strip() for line in lines)


async def test_what_decides_is_on_the_first_page_of_24_lines_with_two_warnings() -> None:
    said = page_of(await a_canary(SENT, "were requeued before, by run 7 of ben at 03:12:41Z, and are dead again"))
    for part in ("all 16,886 letters", "a canary of 20", "at 50/s", "takes about 5m40s at 10 → 50/s",
                 "u takes back what still waits", BRAKES, SENT, "are dead again",
                 "To confirm, type  webhooks"):  # fmt: skip
        assert part in said, said


async def test_warnings_that_have_no_room_are_announced_on_the_first_page() -> None:
    plan = await a_canary(SENT, SENT, SENT, SENT)
    said = page_of(plan)
    assert said.index("u takes back") < said.index("may have arrived")
    assert "4 more, 2 warnings" in said
    assert page_of(plan, 1).count("may have arrived") == 2


async def test_a_phrase_that_is_not_the_usual_one_says_why_it_is_asked_for() -> None:
    plan = replace(await a_canary(), phrase="died again", because="most died again last time")
    assert "Most died again last time. To do it all the same, type  died again" in page_of(plan)
    narrow = ["".join(text for text, _ in line) for line in question("", "all", plan, 40, 24)]
    assert "  type  died again" in narrow


async def test_the_question_turns_its_page_while_the_phrase_is_typed() -> None:
    async with console(Long(letters=400)) as person:
        await person.goes("2", "groups")
        await person.press("R")
        await person.sees("subject 0")
        await person.press("pagedown")
        await person.sees("subject 8")
        await person.press("pagedown")
        await person.sees("subject 0")


async def test_a_time_of_today_has_no_date() -> None:
    plan = replace(await a_plan(), effects=[Effect("queue mail", f"paused until {START:%Y-%m-%d}T23:16:50+00:00")])
    assert "paused until 23:16:50Z" in text_of(plan)
    plan = replace(plan, effects=[Effect("queue mail", "paused until 2031-01-02T03:04:05.678Z")])
    assert "paused until 2031-01-02 03:04:05Z" in text_of(plan)


async def test_title_and_toast_have_the_count_of_the_plan_and_say_where_it_ended_early() -> None:
    async with console(Counted(letters=400)) as person:
        await person.goes("2", "groups")
        await person.press("R")
        await person.sees("Requeue all 10,000+ letters of ConnectTimeout")
        await person.press("y")
        await person.told("run 81: requeue all 10,000+ letters of ConnectTimeout")


@pytest.mark.parametrize(("size", "width"), [((80, 24), 72), ((50, 24), 46)])
async def test_no_frame_of_a_question_is_laid_out_for_another_width(
    monkeypatch: pytest.MonkeyPatch, size: tuple[int, int], width: int
) -> None:
    seen: set[int] = set()

    def watched(title: str, scope: str, plan: Plan, width: int, height: int, *, page: int) -> list[Line]:
        seen.add(width)
        return question(title, scope, plan, width, height, page=page)

    monkeypatch.setattr(confirm, "question", watched)
    async with console(size=size) as person:
        await person.goes("3", "dlq")
        await person.press("r")
        await person.sees("Requeue this letter")
        await person.pilot.pause()
        assert seen == {width}
        assert person.app.screen.query_one("#question").size.width == width


class Moved(FakeClient):
    """Somebody was quicker."""

    async def plan(self, operation: str, args: Mapping[str, object]) -> Plan:
        """With more to say than there is room for."""
        return replace(await super().plan(operation, args), effects=[Effect("some letters", LONG)] * 9)

    async def run(self, plan_id: str, *, key: str, phrase: str | None, reason: str | None) -> Run:
        """Says what has changed."""
        now = f"native:st is paused by demo since {START:%Y-%m-%dT%H:%M:%S}.123456+00:00 until resumed: bad files, LAST"
        raise ApiError("plan-stale", 409, f"what the plan was made for has changed since; now: {now}")


async def test_what_has_changed_since_the_plan_is_said_whole_and_leaves_room_for_the_answers() -> None:
    async with console(Moved()) as person:
        await person.goes("3", "dlq")
        await person.press("r")
        await person.sees("Requeue this letter")
        await person.press("y")
        await person.sees("LAST")
        assert f"since {START:%H:%M:%S}Z" in " ".join(person.text.split())
        answers = person.app.screen.query_one("#answers")
        assert answers.region.bottom < 24
        await person.sees("r plans it again")


async def test_a_choice_shows_what_there_is_to_choose_from_its_first_frame_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choose.Chooser, "_tell", lambda self: None)
    async with console() as person:
        chooser = choose.Chooser("Which?", [choose.Choice("a", "the first"), choose.Choice("b", "the second")])
        person.app.push_screen(chooser)
        await person.sees("the second")


async def test_what_has_arrived_since_is_read_again_while_the_question_is_open() -> None:
    async with console() as person:
        await person.goes("2", "groups")
        await person.press("R")
        await person.sees("37 more since you looked")
        [(id, plan)] = person.client.plans.items()
        person.client.plans[id] = replace(plan, arrived_since=412)
        await until(lambda: "412 more since you looked" in person.text)


class Veiling(FakeClient):
    """Shows what was asked with its secrets masked, and finds the first plan stale."""

    asked: list[Mapping[str, object]]

    async def plan(self, operation: str, args: Mapping[str, object]) -> Plan:
        """Keeps what was asked."""
        self.asked = [*getattr(self, "asked", []), args]
        return replace(await super().plan(operation, args), args={"selection": {"query": "***"}})

    async def run(self, plan_id: str, *, key: str, phrase: str | None = None, reason: str | None = None) -> Run:
        """Never."""
        raise ApiError("plan-stale", 409, "what the plan was made for has changed since")


async def test_a_plan_that_is_made_again_is_of_what_was_asked_and_not_of_what_is_shown() -> None:
    async with console(Veiling()) as person:
        await person.goes("3", "dlq")
        await person.press("r")
        await person.sees("Requeue this letter")
        await person.press("y")
        await person.sees("r plans it again")
        await person.press("r")
        client = person.client
        assert isinstance(client, Veiling)
        await until(lambda: len(client.asked) == 2)
        assert client.asked[0] == client.asked[1]
