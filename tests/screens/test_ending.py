"""Holds and pauses that end by themselves: chosen or typed at 80x24, said in words, and seen where they hold."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

import pytest
from msgspec import Struct
from msgspec.structs import replace

from graveshift.wire.jobs import Job, JobDetail, JobState
from graveshift.wire.plans import Confirm, Effect, Plan
from graveshift.wire.runs import Run
from graveshift.wire.schedules import ScheduleInfo
from graveshift_tui.moments import by_the_clock, end_of, past_of, told, words
from graveshift_tui.screens.ending import OFFERED
from graveshift_tui.screens.jobs import holder, nodes
from graveshift_tui.widgets.columns import At
from tests.screens.console import console
from tests.screens.fake_client import FakeClient
from tests.screens.night import START
from tests.waiting import until

NOW = START.replace(microsecond=77)
NIGHTLY = ScheduleInfo(
    id="nightly-report", cron="30 2 * * *", timezone="UTC", queue="reports", kind="report.write", missed="once",
    enabled=True, next_at=datetime(2026, 11, 23, 2, 30, tzinfo=UTC), last_job="native:7",
)  # fmt: skip


class Timed(FakeClient):
    """Jobs can be held, and there is a schedule that can be fired and paused."""

    def __init__(self) -> None:
        super().__init__(letters=400)
        self.schedule = NIGHTLY
        self.holds: dict[str, datetime | None] = {}
        self.fired = 0

    def rows(self, resource: str) -> Sequence[Struct]:
        """The same, with what is held and the schedule."""
        if resource == "schedules":
            return [self.schedule]
        rows = super().rows(resource)
        return [self._held(row) if isinstance(row, Job) and row.id in self.holds else row for row in rows]

    async def plan(self, operation: str, args: Mapping[str, object]) -> Plan:
        """Asks for a yes."""
        plan = replace(await super().plan(operation, args), confirm=Confirm.YES)
        if operation.endswith(".resume"):
            plan = replace(plan, confirm=Confirm.NONE)
        self.plans[plan.id] = replace(plan, effects=[Effect("it", f"{operation} until {args.get('until')}")])
        return self.plans[plan.id]

    def _held(self, job: Job) -> Job:
        return replace(job, state=JobState.HELD, held_until=self.holds[job.id])

    def _carry_out(self, plan: Plan, reason: str | None) -> Run:
        at = plan.args.get("until")
        end = datetime.fromisoformat(at) if at else None
        if plan.operation == "job.hold":
            self.holds |= dict.fromkeys(plan.args["selection"]["ids"], end)
        if plan.operation == "schedule.fire":
            self.fired += 1
        if plan.operation in ("schedule.pause", "schedule.resume"):
            self.schedule = NIGHTLY if plan.operation == "schedule.resume" else replace(
                NIGHTLY, paused=True, paused_until=end, paused_by="ana", paused_reason=plan.args.get("reason"),
                next_at=end)  # fmt: skip
        return super()._carry_out(plan, reason)


@pytest.mark.parametrize(
    ("text", "end", "said"),
    [
        ("15m", "03:27:41", "for 15 minutes, until 03:27Z"),
        ("1h", "04:12:41", "for 1 hour, until 04:12Z"),
        (" for 2 hours ", "05:12:41", "for 2 hours, until 05:12Z"),
        ("20 minutes", "03:32:41", "for 20 minutes, until 03:32Z"),
        ("2 hrs", "05:12:41", "for 2 hours, until 05:12Z"),
        ("03:40", "03:40:00", "until 03:40Z"),
        ("until 8:00", "08:00:00", "until 08:00Z"),
        ("1h30m", "04:42:41", "for 1 hour 30 minutes, until 04:42Z"),
        ("1 hour 30 min", "04:42:41", "for 1 hour 30 minutes, until 04:42Z"),
        ("90s", "03:14:11", "for 90 seconds, until 03:14Z"),
        ("2026-11-22 05:00", "05:00:00", "until 05:00Z"),
        ("2026-11-22T05:00:00+01:00", "04:00:00", "until 04:00Z"),
        ("until 2026-11-22T05:00:01.5Z", "05:00:01.500000", "until 05:00Z"),
    ],
)
def test_an_end_is_typed_as_how_long_or_as_the_time_on_the_clock(text: str, end: str, said: str) -> None:
    assert told(text, "for ever", NOW) == (f"2026-11-22T{end}Z", said)


def test_a_time_that_has_passed_today_is_tomorrows() -> None:
    assert end_of("03:12", NOW) == datetime(2026, 11, 23, 3, 12, tzinfo=UTC)
    assert end_of("2d", NOW) == START + timedelta(days=2)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("03:12", "until 03:12Z tomorrow"),
        ("22h", "for 22 hours, until 01:12Z tomorrow"),
        ("3d", "for 3 days, until 2026-11-25 03:12Z"),
        ("2026-11-28 03:00", "until 2026-11-28 03:00Z"),
        ("2026-11-23T06:20:00Z", "until 06:20Z tomorrow"),
    ],
)
def test_an_end_that_is_not_today_says_which_day(text: str, said: str) -> None:
    assert told(text, "for ever", NOW)[1] == said


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("10m", NOW - timedelta(minutes=10)),
        ("1h30m ago", NOW - timedelta(minutes=90)),
        ("02:00", NOW.replace(hour=2, minute=0, second=0, microsecond=0)),
        ("03:40", NOW.replace(day=21, hour=3, minute=40, second=0, microsecond=0)),
        ("2026-11-28T03:00:00Z", datetime(2026, 11, 28, 3, tzinfo=UTC)),
        ("yesterday", None),
        ("2026-11-28", None),
        ("2026-13-28 03:00", None),
        ("9999-12-31 23:00", None),
    ],
)
def test_a_time_gone_by_is_typed_as_how_long_ago_or_as_the_time_on_the_clock(text: str, at: datetime | None) -> None:
    assert past_of(text, NOW) == at


def test_only_what_is_said_of_now_depends_on_the_clock() -> None:
    assert all(map(by_the_clock, ("10m", "for 2h", "03:40", "2h ago", "until 8:00")))
    assert not any(map(by_the_clock, ("2026-11-28 03:00", "null", "mail", "10", "")))


@pytest.mark.parametrize(
    "text",
    ["", "0m", "soon", "24:00", "12:60", "m", "99999m", "-5m", "1h30", "0s", "1m2h", "for", "15", "2hay", "3ours"],
)
def test_what_is_no_end_is_none(text: str) -> None:
    assert end_of(text, NOW) is None
    assert told(text, "until released", NOW) == (None, "until released")


def test_everything_that_is_offered_is_an_end() -> None:
    assert [words(text, NOW) for text in OFFERED] == ["for 15 minutes", "for 1 hour", "for 4 hours", "until 08:00Z"]


@pytest.mark.parametrize(
    ("end", "said"),
    [(timedelta(minutes=28), "held until 03:40"), (timedelta(days=3), "held until 25 Nov"), (None, "held, no end")],
)
def test_a_held_job_says_until_when(end: timedelta | None, said: str) -> None:
    job = Job(id="a", system="b", queue="c", kind="d", state=JobState.HELD, held_until=START + end if end else None)
    assert holder(job, START)[0] == said


def test_the_page_of_a_held_job_says_who_holds_it_and_since_when() -> None:
    job = JobDetail(
        id="a", system="b", queue="c", kind="d", state=JobState.HELD, held_reason="bank", held_by="ann", held_at=START
    )
    at = At(100, START)
    assert "ann since 2026-11-22 03:12:41Z" in str(nodes(job, at))
    assert "held by" not in str(nodes(replace(job, held_by=None, held_at=None), at))


async def test_a_job_is_held_until_a_time_that_is_typed_and_its_row_says_so() -> None:
    client = Timed()
    async with console(client) as person:
        await person.goes("5", "jobs")
        await person.press("h")
        await person.sees("Hold webhook.deliver in webhooks until when?")
        for words_ in ("for 15 minutes", "for 1 hour", "until 08:00Z", "until they are released"):
            await person.sees(words_)
        await person.types("03:40")
        await person.press("tab")
        await person.types("bank is down")
        await person.press("enter")
        await person.sees("until 03:40Z")
        [plan] = client.plans.values()
        assert plan.args["until"] == "2026-11-22T03:40:00Z"
        assert plan.args["reason"] == "bank is down"
        await person.press("y")
        await person.sees("held until 03:40")
        await person.press("enter")
        await person.sees("2026-11-22 03:40:00Z")


async def test_an_end_that_is_typed_comes_first_and_is_taken() -> None:
    client = Timed()
    async with console(client) as person:
        await person.goes("5", "jobs")
        await person.press("h", "down", "down")
        await person.sees("until when?")
        await person.types("2h")
        await person.sees(" for 2 hours")
        await person.press("enter")
        await until(lambda: [plan.args["until"] for plan in client.plans.values()] == ["2026-11-22T05:12:41Z"])


@pytest.mark.parametrize("text", ["15", "4", "08", "5x", "until"])
async def test_what_is_no_end_takes_none_of_the_offered_ones_and_says_what_an_end_looks_like(text: str) -> None:
    client = Timed()
    async with console(client) as person:
        await person.goes("5", "jobs")
        await person.press("h")
        await person.sees("until when?")
        await person.types(text)
        await person.sees(f"{text} is no value.")
        await person.sees("An end is 45m, 1h30m, 3d, 03:40 or 2026-11-28 03:00 (UTC).")
        await person.press("enter")
        await person.sees("until when?")
        assert not client.plans


async def test_an_offer_that_is_picked_by_arrow_or_typed_in_full_is_taken() -> None:
    client = Timed()
    async with console(client) as person:
        await person.goes("5", "jobs")
        await person.press("h")
        await person.sees("until when?")
        await person.types("until")
        await person.sees("until is no value")
        await person.press("down", "enter")
        await until(lambda: len(client.plans) == 1)
        await person.sees("until 08:00Z")
        await person.press("n", "h")
        await person.sees("until when?")
        await person.types("until they are released")
        await person.press("enter")
        await until(lambda: len(client.plans) == 2)
        assert [plan.args["until"] for plan in client.plans.values()] == ["2026-11-22T08:00:00Z", None]


async def test_marked_jobs_are_held_for_a_quarter_of_an_hour_or_until_they_are_released() -> None:
    client = Timed()
    async with console(client) as person:
        await person.goes("5", "jobs")
        await person.press("space", "space", "h")
        await person.sees("Hold 2 marked jobs until when?")
        await person.press("enter")
        await person.sees("for 15 minutes, until 03:27Z")
        await person.press("n")
        await person.press("h", "down", "down", "down", "down")
        await person.sees("Hold 2 marked jobs until when?")
        await person.press("enter")
        await person.sees("until they are released")
        await until(lambda: len(client.plans) == 2)
        first, second = client.plans.values()
        assert (first.args["until"], second.args["until"]) == ("2026-11-22T03:27:41Z", None)
        await person.press("y")
        await person.sees("held, no end")
        assert len(client.holds) == 2


async def test_nobody_is_asked_until_when_where_no_job_is_under_the_cursor() -> None:
    async with console(Timed()) as person:
        await person.goes("4", "queues")
        await person.press("h")
        await person.told("no job is under the cursor")
        assert not person.client.plans


async def test_a_schedule_is_fired_and_paused_until_a_time_and_resumed_from_its_screen() -> None:
    client = Timed()
    async with console(client) as person:
        await person.goes("T", "schedules")
        await person.sees("one job makes up for all missed slots")
        await person.press("f")
        await person.sees("Fire schedule nightly-report")
        await person.press("y")
        await until(lambda: client.fired == 1)
        await person.press("F")
        await person.sees("Pause nightly-report for how long?")
        await person.types("08:00")
        await person.press("enter")
        await person.sees("schedule nightly-report, until 08:00Z")
        await person.press("y")
        await person.sees("PAUSED")
        await person.sees("paused by ana until 2026-11-22 08:00:00Z")
        await person.press("F")
        await until(lambda: not client.schedule.paused)


async def test_a_schedule_that_is_paused_without_an_end_has_no_next_run() -> None:
    client = Timed()
    client.schedule = replace(NIGHTLY, paused=True, next_at=None)
    async with console(client) as person:
        await person.goes("T", "schedules")
        await person.sees("when resumed")
        await person.sees("paused until resumed")


@pytest.mark.parametrize("key", ["f", "F"])
async def test_schedules_are_acted_on_where_one_is_under_the_cursor(key: str) -> None:
    async with console(Timed()) as person:
        await person.goes("4", "queues")
        await person.press(key)
        await person.told("schedule")
        assert not person.client.plans
