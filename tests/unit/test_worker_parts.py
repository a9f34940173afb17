"""The parts of a worker that need no queue: handlers and their names, how failures are told, back-off, threads."""

import asyncio
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw, Struct

from graveshift.errors import SettingsError
from graveshift.settings import WorkerSettings
from graveshift.work import Claimed, Ticket
from graveshift.worker import Dead, Handler, Job, Retry, handler, load
from graveshift.worker.failures import TRACEBACK_LIMIT, Teller, backoff_s, plain, qualified, shortened
from graveshift.worker.handlers import Run, by_kind, version_of
from graveshift.worker.job import job_of
from graveshift.worker.patience import LOST_LAST_S, POLL_LAST_S, Losses, Polls
from graveshift.worker.threads import Threads

SETTINGS = WorkerSettings(backoff_s=2, backoff_max_s=3600)


def _claimed(payload: bytes = b"{}", attempt: int = 1, tried: int = 1) -> Claimed:
    now = datetime.now(UTC)
    ticket = Ticket(7, attempt, uuid4())
    return Claimed(
        ticket=ticket,
        queue="q",
        kind="k",
        payload=Raw(payload),
        priority=0,
        max_attempts=5,
        tried=tried,
        enqueued_at=now,
        started_at=now,
    )


def _nothing(job: Job) -> None:
    return None


async def _soon(job: Job) -> None:
    return None


class CallableObject:
    async def __call__(self, job: Job) -> None:
        return None


def test_async_functions_are_known_in_every_dress() -> None:
    dressed: list[Run] = [_soon, partial(_soon), CallableObject(), handler(time_limit_s=1)(_soon)]
    kinds = by_kind({f"k{n}": run for n, run in enumerate(dressed)})
    assert all(one.is_async for one in kinds.values())
    assert not Handler(_nothing).is_async
    assert not Handler(partial(_nothing)).is_async


def test_a_decorated_handler_keeps_its_limits_and_stays_callable() -> None:
    seen: list[int] = []
    limited = handler(time_limit_s=5, max_backoff_s=60)(lambda job: seen.append(job.id))
    assert (limited.time_limit_s, limited.backoff_s, limited.max_backoff_s) == (5, None, 60)
    limited(job_of(_claimed()))
    assert seen == [7]


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    (tmp_path / "shop_handlers.py").write_text(
        "def f(job): pass\nHANDLERS = {'a.b': f}\nNUMBER = 7\nEMPTY = {}\nBAD = {'a': 7}\n"
    )
    (tmp_path / "shop_broken.py").write_text("import not_installed_anywhere\n")
    (tmp_path / "shop_mistaken.py").write_text("import sys\nfrom json import dumsp\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    yield "shop_handlers"
    for name in ("shop_handlers", "shop_broken", "shop_mistaken"):
        sys.modules.pop(name, None)


def test_handlers_are_found_by_module_and_name_from_the_working_directory(module: str) -> None:
    assert list(load(f"{module}:HANDLERS")) == ["a.b"]


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("shop_handlers", "module:mapping"),
        ("no_such_module:HANDLERS", "no module 'no_such_module'"),
        ("shop_handlers:HANDLER", "did you mean 'HANDLERS'"),
        ("shop_handlers:NUMBER", "is a int, not a mapping"),
        ("shop_handlers:EMPTY", "empty"),
        ("shop_handlers:BAD", "'a' is a int"),
    ],
)
def test_handlers_that_cannot_be_used_are_named(module: str, place: str, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        load(place)


def test_a_module_whose_own_imports_fail_is_told_with_its_file_and_what_is_missing(module: str) -> None:
    with pytest.raises(SettingsError, match=r"shop_broken\.py:1: there is no module 'not_installed_anywhere'"):
        load("shop_broken:HANDLERS")


def test_a_name_that_an_imported_module_has_not_is_told_with_the_file_that_asks(module: str) -> None:
    with pytest.raises(SettingsError, match=r"shop_mistaken\.py:2: cannot import name 'dumsp' from 'json'"):
        load("shop_mistaken:HANDLERS")


def test_a_kind_must_be_a_name() -> None:
    with pytest.raises(SettingsError, match="'two words' is not a kind; one is 1 to 128 letters"):
        by_kind({"two words": _nothing})


def test_the_version_is_the_environments_or_the_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GRAVESHIFT_WORKER_VERSION", raising=False)
    assert version_of({"k": Handler(msgspec.inspect.type_info)}) == f"msgspec {msgspec.__version__}"
    assert version_of({"k": Handler(_nothing)}) == "unknown"
    monkeypatch.setenv("GRAVESHIFT_WORKER_VERSION", "shop 2026.11")
    assert version_of({"k": Handler(_nothing)}) == "shop 2026.11"


class Order(Struct):
    """A payload's shape."""

    number: int


def test_a_payload_is_read_as_values_or_as_a_shape() -> None:
    job = job_of(_claimed(b'{"number": 17}'))
    assert (job.data, job.read(Order)) == ({"number": 17}, Order(17))
    assert job.data is job.data
    assert job_of(_claimed(b'"\\ud800"')).data == "\ud800"
    with pytest.raises(msgspec.ValidationError):
        job_of(_claimed(b'{"number": "x"}')).read(Order)


def test_the_cancelled_flag_is_false_until_it_is_set_and_can_be_waited_for() -> None:
    job = job_of(_claimed())
    assert not job.cancelled
    threading.Timer(0.02, job.cancelled.set).start()
    assert job.cancelled.wait(5)
    assert job.cancelled


def test_back_off_begins_anew_after_a_requeue() -> None:
    teller = Teller("w", "1", SETTINGS)
    told = teller.failed(_claimed(attempt=12, tried=1), Handler(_nothing), ValueError("x"))
    assert told.retry_in_s is not None
    assert told.retry_in_s <= 2


@given(st.integers(min_value=1, max_value=10_000))
def test_back_off_doubles_to_its_limit_and_jitter_takes_at_most_half(attempt: int) -> None:
    full = min(3600, 2.0 * 2 ** min(attempt - 1, 50))
    assert full / 2 <= backoff_s(attempt, Handler(_nothing), SETTINGS) <= full
    assert backoff_s(attempt, Handler(_nothing, backoff_s=0.5, max_backoff_s=3), SETTINGS) <= 3


def _tell(error: BaseException) -> tuple[str, str, str, float | None]:
    try:
        raise error
    except BaseException as raised:
        told = Teller("w", "v", SETTINGS).failed(_claimed(), Handler(_nothing), raised)
    return told.error_type, told.error_message, told.traceback, told.retry_in_s


def test_built_in_errors_go_by_their_bare_name_and_others_with_their_module() -> None:
    assert qualified(ValueError()) == "ValueError"
    assert qualified(SettingsError()) == "graveshift.errors.SettingsError"


def test_a_huge_error_keeps_its_head_and_its_tail() -> None:
    kind, message, text, _ = _tell(ValueError("HEAD" + "é" * 1_000_000 + "TAIL"))
    assert kind == "ValueError"
    assert message.startswith("HEAD")
    assert message.endswith("TAIL")
    assert "bytes left out" in message
    assert len(text.encode()) <= TRACEBACK_LIMIT
    assert text.startswith("Traceback")
    assert text.rstrip().endswith("TAIL")


@given(st.text(), st.integers(min_value=100, max_value=500))
def test_shortened_text_stays_under_its_limit(text: str, limit: int) -> None:
    assert len(shortened(plain(text * 20), limit).encode()) <= limit


@given(st.text(alphabet=st.characters(exclude_categories=())))
def test_plain_text_has_no_nul_and_encodes(text: str) -> None:
    assert "\x00" not in plain(text)
    plain(text).encode()


class Unsayable(Exception):
    """Its text cannot be made."""

    def __str__(self) -> str:
        raise RuntimeError("no")


def test_an_error_that_cannot_be_printed_is_still_told() -> None:
    kind, message, text, _ = _tell(Unsayable())
    assert kind.endswith("Unsayable")
    assert "RuntimeError" in message
    assert "Unsayable" in text


def test_a_group_of_one_is_told_as_its_one_error() -> None:
    kind, message, text, _ = _tell(ExceptionGroup("unhandled errors in a TaskGroup", [OSError("disk full")]))
    assert (kind, message) == ("OSError", "disk full")
    assert "TaskGroup" in text


def test_control_errors_set_the_next_attempt() -> None:
    assert _tell(Retry(90))[3] == 90
    assert _tell(Retry(-5))[3] == 0
    assert _tell(Dead("no"))[3] is None
    assert _tell(Dead("no customer"))[:2] == ("graveshift.worker.job.Dead", "no customer")


def test_polls_wait_ever_longer_up_to_a_second_and_begin_anew_after_a_find() -> None:
    polls = Polls()
    waits = [polls.next_s() for _ in range(12)]
    assert waits[0] <= 0.02
    assert 0.5 <= waits[-1] <= POLL_LAST_S
    polls.found()
    assert polls.next_s() <= 0.02


def test_waits_for_a_lost_database_never_exceed_their_limit() -> None:
    losses = Losses("test")
    assert all(losses.next_s(OSError("gone")) <= LOST_LAST_S for _ in range(200))


async def test_threads_are_used_again_and_never_queue_behind_a_stuck_one() -> None:
    threads, release, seen = Threads(), threading.Event(), set[int]()

    def note(job: Job) -> None:
        seen.add(threading.get_ident())

    stuck = threads.start(lambda job: release.wait(30), job_of(_claimed()))
    for _ in range(20):
        await asyncio.wait_for(threads.start(note, job_of(_claimed())).done, 5)
        await asyncio.sleep(0.001)
    release.set()
    assert await asyncio.wait_for(stuck.done, 5) is True
    assert len(seen) <= 3


async def test_a_ring_ends_a_rest_and_one_that_led_to_nothing_is_heeded_later() -> None:
    polls, stop, loop = Polls(), asyncio.Event(), asyncio.get_running_loop()
    for _ in range(12):
        polls.next_s()
    rests = []
    for _ in range(11):
        polls.bell.set()
        began = loop.time()
        await polls.rest(stop)
        rests.append(loop.time() - began)
    assert rests[0] < rests[8] < rests[10] < POLL_LAST_S / 2
    polls.found()
    polls.bell.set()
    await polls.rest(stop)
    assert not polls.bell.is_set()


@pytest.mark.parametrize(
    ("asked", "given"), [(float("inf"), 30 * 86400.0), (1e18, 30 * 86400.0), (-5, 0.0), (1.5, 1.5)]
)
def test_a_delay_is_one_that_a_clock_can_hold(asked: float, given: float) -> None:
    assert Retry(asked).delay_s == given
    assert Retry(float("nan")).delay_s == 0.0
    endless = Handler(_nothing, backoff_s=1e300, max_backoff_s=1e300)
    failure = Teller("w", "v", SETTINGS).failed(_claimed(), endless, OSError())
    assert failure.retry_in_s == 30 * 86400.0


def test_a_handler_that_cannot_take_a_job_is_refused_at_the_start() -> None:
    wrong: list[Any] = [lambda: 1, lambda one, two: 1]
    for run in wrong:
        with pytest.raises(SettingsError, match="one job"):
            by_kind({"k": run})
    assert by_kind({"k": _nothing, "c": print})
