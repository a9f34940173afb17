"""When a schedule is due, which slots it fires, and how a mistake in one is told."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from graveshift.errors import SettingsError
from graveshift.schedule import Missed, Schedule, due, next_slot, to_fire
from graveshift.settings import load
from graveshift.wire.jobs import NAME_WORDS

NIGHTLY = Schedule(cron="30 2 * * *", timezone="Europe/Berlin", queue="q", kind="k")
MINUTELY = Schedule(cron="* * * * *", queue="q", kind="k")
NOON = datetime(2026, 11, 26, 12, tzinfo=UTC)


def days(schedule: Schedule, first: datetime, count: int) -> list[str]:
    return [slot.isoformat(timespec="minutes") for slot in due(schedule, first, first + timedelta(days=count))]


def test_a_fixed_time_that_does_not_exist_comes_at_the_end_of_the_gap() -> None:
    before = datetime(2026, 3, 28, 12, tzinfo=UTC)
    assert days(NIGHTLY, before, 2) == [
        "2026-03-29T01:00+00:00",
        "2026-03-30T00:30+00:00",
    ]


def test_a_fixed_time_that_exists_twice_comes_the_first_time() -> None:
    before = datetime(2026, 10, 24, 12, tzinfo=UTC)
    assert days(NIGHTLY, before, 2) == [
        "2026-10-25T00:30+00:00",
        "2026-10-26T01:30+00:00",
    ]


@pytest.mark.parametrize("month", [3, 10])
def test_every_half_hour_is_real_time_when_clocks_change(month: int) -> None:
    half = Schedule(cron="*/30 * * * *", timezone="Europe/Berlin", queue="q", kind="k")
    first = datetime(2026, month, 24 if month == 10 else 28, 12, tzinfo=UTC)
    found = due(half, first, first + timedelta(days=1))
    assert {later - one for one, later in pairwise(found)} == {timedelta(minutes=30)}


def test_a_slot_is_after_the_last_and_before_now() -> None:
    assert due(MINUTELY, NOON, NOON + timedelta(minutes=2)) == [NOON + timedelta(minutes=1)]
    assert next_slot(MINUTELY, NOON) == NOON + timedelta(minutes=1)


def test_a_year_of_absence_leaves_no_more_than_the_limit() -> None:
    found = due(MINUTELY, NOON - timedelta(days=365), NOON)
    assert len(found) == 101  # the last one is a minute old, which is on time
    assert found[-1] == NOON - timedelta(minutes=1)


def test_slots_that_are_on_time_are_none_of_those_that_the_limit_counts() -> None:
    often = Schedule(cron="*/5 * * * * *", queue="q", kind="k", missed=Missed.ALL, missed_limit=3)
    found = due(often, NOON - timedelta(minutes=10), NOON)
    on_time = [NOON - timedelta(seconds=5 * n) for n in range(12, 0, -1)]
    assert found == [on_time[0] - timedelta(seconds=5 * n) for n in (3, 2, 1)] + on_time
    assert to_fire(often, found, NOON) == found


@pytest.mark.parametrize(("missed", "fired"), [(Missed.SKIP, [3]), (Missed.ONCE, [3]), (Missed.ALL, [1, 2, 3])])
def test_each_policy_fires_what_it_says(missed: Missed, fired: list[int]) -> None:
    schedule = Schedule(cron="* * * * *", queue="q", kind="k", missed=missed)
    slots = [NOON + timedelta(minutes=n) for n in (1, 2, 3)]
    assert to_fire(schedule, slots, slots[-1] + timedelta(seconds=1)) == [slots[n - 1] for n in fired]


def test_skip_leaves_a_slot_that_is_found_late() -> None:
    schedule = Schedule(cron="0 0 * * *", queue="q", kind="k", missed=Missed.SKIP)
    assert to_fire(schedule, [NOON], NOON + timedelta(hours=1)) == []


ENTRY = "{cron: '* * * * *', queue: q, kind: k"


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("{cron: '61 * * * *', queue: q, kind: k}", "schedules.n.cron: `61 * * * *` is no cron expression: Bad minute"),
        (ENTRY + ", timezone: Mars/North}", "schedules.n.timezone: this machine knows no time zone `Mars/North`"),
        (ENTRY + ", mised: skip}", "schedules.n.mised: unknown setting; did you mean `missed`?"),
        (ENTRY + ", priority: 500}", "schedules.n.priority: Expected `int` <= 100"),
        (ENTRY + ", missed: never}", "schedules.n.missed: Invalid enum value 'never'"),
        ("{cron: '* * * * *', queue: q}", "schedules.n.kind: must be given"),
        ("{cron: '* * * * *', queue: a b, kind: k}", f"schedules.n.queue: Expected {NAME_WORDS}"),
        ("often", "schedules.n: must be a mapping of settings"),
    ],
)
def test_a_mistake_names_file_entry_and_key(tmp_path: Path, entry: str, said: str) -> None:
    path = tmp_path / "own.yaml"
    path.write_text(f"schedules:\n  n: {entry}\n")
    with pytest.raises(SettingsError) as refused:
        load(path, {})
    assert str(refused.value).endswith(f"{path}: {said}")


def test_a_name_that_could_not_be_an_id_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    path.write_text(f"schedules:\n  'a b': {ENTRY}}}\n")
    with pytest.raises(SettingsError, match=r"schedules\.a b: a name is"):
        load(path, {})
