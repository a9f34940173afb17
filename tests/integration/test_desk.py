"""The Desk: planned by reading only, confirmed, begun once, and on the record."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from graveshift.errors import (
    AuditUnavailable,
    GraveshiftError,
    Invalid,
    KeyMissing,
    KeyReused,
    NotAllowed,
    NotFound,
    PhraseMismatch,
    PlanExpired,
    PlanStale,
    PlanUsed,
    SelectionEmpty,
)
from graveshift.wire.plans import Confirm, RunPlan
from graveshift.wire.runs import RunState
from graveshift.wire.selection import Filter
from tests.front import ALL, ANN, VIC, Front

REQUEUE, DISCARD, PAUSE = "dlq.requeue", "dlq.discard", "queue.pause"


async def test_a_plan_says_what_would_be_done_and_does_nothing(front: Front) -> None:
    ids = await front.letters(3)
    plan = await front.desk.plan(REQUEUE, ALL, ANN)
    assert (plan.count, plan.count_is_exact, plan.arrived_since, plan.confirm) == (3, True, 0, Confirm.YES)
    assert [effect.subject for effect in plan.effects] == ["3 letters, all there are"]
    assert "at 50/s" in plan.effects[0].change
    assert await front.letters(0) == ids


async def test_a_filter_is_said_in_words_with_the_error_of_its_cause(front: Front) -> None:
    await front.letters(2, queue="parse", kind="send")
    cause = (await front.queue.letters.page(Filter(), None, 1)).items[0]
    args = {"selection": {"filter": {"queue": "parse", "fingerprint": cause.fingerprint}}}
    plan = await front.desk.plan(REQUEUE, args, ANN)
    assert plan.effects[0].subject == f"2 letters of {cause.error_type} in queue parse"


async def test_a_paused_queue_is_said_in_the_plan_of_a_requeue_into_it(front: Front) -> None:
    await front.letters(1)
    await front.bench.pause("mail")
    plan = await front.desk.plan(REQUEUE, {"selection": {"filter": {"queue": "mail"}}}, ANN)
    (said,) = [warning for warning in plan.warnings if warning.code == "paused"]
    assert said.words.startswith("queue mail in system native is paused by ann")


@pytest.mark.parametrize(
    ("args", "error"),
    [
        ({}, Invalid),
        ({"selection": {}}, Invalid),
        ({"selection": {"all": False}}, Invalid),
        ({"selection": {"all": True, "ids": ["native:1"]}}, Invalid),
        ({"selection": {"filter": {}}}, SelectionEmpty),
        ({"selection": {"ids": []}}, SelectionEmpty),
        ({"selection": {"filter": {"colour": "red"}}}, Invalid),
        ({"selection": {"filter": {"text": "a\0b"}}}, Invalid),
        ({**ALL, "rate": 0}, Invalid),
        ({**ALL, "rate": 0.009}, Invalid),
        ({**ALL, "rate": 1e300}, Invalid),
        ({**ALL, "rate": "fast"}, Invalid),
        ({**ALL, "speed": 1}, Invalid),
    ],
)
async def test_arguments_that_mean_nothing_are_refused(
    front: Front, args: dict[str, object], error: type[GraveshiftError]
) -> None:
    with pytest.raises(error):
        await front.desk.plan(REQUEUE, args, ANN)


@pytest.mark.parametrize(
    ("operation", "condition"),
    [
        (REQUEUE, {"state": "running"}),
        (DISCARD, {"queue": "mail", "state": "dead"}),
        ("job.cancel", {"fingerprint": "1-abc"}),
        ("job.cancel", {"queue": "mail", "text": "timeout"}),
        ("job.cancel", {"died_after": "2026-01-01T00:00:00Z"}),
    ],
)
async def test_a_condition_that_means_nothing_here_is_refused_instead_of_choosing_more(
    front: Front, operation: str, condition: dict[str, str]
) -> None:
    with pytest.raises(Invalid, match="is no condition here"):
        await front.desk.plan(operation, {"selection": {"filter": condition}}, ANN)


async def test_a_state_that_does_not_exist_is_refused_instead_of_choosing_nothing(front: Front) -> None:
    with pytest.raises(Invalid, match="there is no state `bogus`; there are waiting, scheduled"):
        await front.desk.plan("job.cancel", {"selection": {"filter": {"state": "bogus"}}}, ANN)
    plan = await front.desk.plan("job.cancel", {"selection": {"filter": {"state": "waiting"}}}, ANN)
    assert plan.count is not None


async def test_a_wrong_argument_is_named_by_its_path(front: Front) -> None:
    with pytest.raises(Invalid, match=r"\$\.selection\.ids\[1\]"):
        await front.desk.plan(REQUEUE, {"selection": {"ids": ["native:1", 7]}}, ANN)


async def test_an_unknown_operation_is_refused(front: Front) -> None:
    with pytest.raises(Invalid, match=r"dlq\.explode"):
        await front.desk.plan("dlq.explode", {}, ANN)


async def test_a_filter_that_matches_nothing_gives_a_plan_with_count_zero(front: Front) -> None:
    plan = await front.desk.plan(REQUEUE, {"selection": {"filter": {"queue": "nowhere"}}}, ANN)
    assert (plan.count, plan.count_is_exact) == (0, True)


async def test_above_a_hundred_named_letters_their_count_is_the_phrase(front: Front) -> None:
    ids = await front.letters(101)
    plan = await front.desk.plan(REQUEUE, {"selection": {"ids": ids}}, ANN)
    assert (plan.confirm, plan.phrase) == (Confirm.PHRASE, "101")


@pytest.mark.parametrize(
    ("selection", "phrase"),
    [
        ({"filter": {"queue": "mail", "kind": "send"}}, "mail"),
        ({"filter": {"kind": "send", "error_type": "ValueError"}}, "send"),
        ({"filter": {"error_type": "ValueError", "system": "native"}}, "ValueError"),
        ({"filter": {"system": "native"}}, "TEST"),
        ({"all": True}, "TEST"),
    ],
)
async def test_the_phrase_of_a_filter_stays_the_same_while_letters_come(
    front: Front, selection: dict[str, object], phrase: str
) -> None:
    for _ in range(2):
        await front.letters(101)
        plan = await front.desk.plan(REQUEUE, {"selection": selection}, ANN)
        assert (plan.confirm, plan.phrase) == (Confirm.PHRASE, phrase)


async def test_a_discard_asks_for_the_environment_however_few_letters(front: Front) -> None:
    ids = await front.letters(1)
    plan = await front.desk.plan(DISCARD, {"selection": {"ids": ids}}, ANN)
    assert (plan.confirm, plan.phrase) == (Confirm.PHRASE, "TEST")


@pytest.mark.parametrize(("rate", "kept"), [(None, 50.0), (7, 7.0), ("unlimited", None)])
async def test_the_rate_is_the_configured_one_unless_said(front: Front, rate: object, kept: float | None) -> None:
    run = await front.order(REQUEUE, {**ALL, "rate": rate})
    assert run.rate == kept


async def test_a_viewer_may_neither_plan_nor_run_nor_steer_and_it_is_on_the_record(front: Front) -> None:
    plan = await front.desk.plan(REQUEUE, ALL, ANN)
    run = await front.begin(plan)
    with pytest.raises(NotAllowed):
        await front.desk.plan(REQUEUE, ALL, VIC)
    with pytest.raises(NotAllowed):
        await front.desk.run(plan.id, VIC, "k", RunPlan())
    with pytest.raises(NotAllowed):
        await front.desk.steer(run.id, "cancel", VIC)
    with pytest.raises(NotAllowed):
        await front.desk.rate(run.id, 1, VIC)
    refused = [(entry.operation, entry.actor) for entry in await front.record() if entry.outcome == "refused"]
    assert refused == [(REQUEUE, "vic"), (REQUEUE, "vic"), ("run.cancel", "vic"), ("run.rate", "vic")]


async def test_operations_say_what_this_token_may_do_here(front: Front) -> None:
    assert {info.name: info.allowed for info in front.desk.operations(ANN)} == dict.fromkeys(front.operations, True)
    assert not any(info.allowed for info in front.desk.operations(VIC))
    requeue = next(info for info in front.desk.operations(ANN) if info.name == REQUEUE)
    assert "selection" in requeue.args_schema["$defs"]["Requeue"]["properties"]


async def test_ten_identical_requests_at_once_begin_one_run(front: Front) -> None:
    await front.letters(2)
    plan = await front.desk.plan(REQUEUE, ALL, ANN)
    runs = await asyncio.gather(*[front.begin(plan, key="same", reason="now") for _ in range(10)])
    assert {run.id for run in runs} == {runs[0].id}
    assert (await front.runs.page(None, 10)).total == 1
    assert [entry.outcome for entry in await front.record()] == ["started"]


async def test_ten_keys_at_once_begin_one_run_and_the_others_are_told(front: Front) -> None:
    plan = await front.desk.plan(REQUEUE, ALL, ANN)
    keys = [front.begin(plan, key=str(n)) for n in range(10)]
    answers = await asyncio.gather(*keys, return_exceptions=True)
    assert sum(isinstance(answer, PlanUsed) for answer in answers) == 9
    assert (await front.runs.page(None, 10)).total == 1


async def test_the_same_key_with_another_body_is_refused(front: Front) -> None:
    plan, other = [await front.desk.plan(REQUEUE, ALL, ANN) for _ in range(2)]
    first = await front.begin(plan, key="k", reason="a")
    with pytest.raises(KeyReused):
        await front.begin(plan, key="k", reason="b")
    with pytest.raises(KeyReused):
        await front.begin(other, key="k", reason="a")
    assert (await front.begin(plan, key="k", reason="a")).id == first.id


async def test_the_same_request_gives_the_same_run_even_after_the_plan_expired(front: Front) -> None:
    plan = await front.desk.plan(REQUEUE, ALL, ANN)
    run = await front.begin(plan, key="k")
    await _expire(front)
    assert (await front.begin(plan, key="k")).id == run.id


async def test_a_key_is_needed_and_has_an_end(front: Front) -> None:
    plan = await front.desk.plan(REQUEUE, ALL, ANN)
    with pytest.raises(KeyMissing):
        await front.desk.run(plan.id, ANN, "", RunPlan())
    with pytest.raises(Invalid):
        await front.desk.run(plan.id, ANN, "k" * 256, RunPlan())


@pytest.mark.parametrize("plan_id", ["999", "0", "-1", "abc", "9" * 40, "１"])
async def test_a_plan_that_does_not_exist_is_not_found(front: Front, plan_id: str) -> None:
    with pytest.raises(NotFound):
        await front.desk.run(plan_id, ANN, "k", RunPlan())
    with pytest.raises(NotFound):
        await front.desk.again(plan_id)


@pytest.mark.parametrize("phrase", [None, "", "test", "TEST "])
async def test_a_phrase_is_compared_exactly_and_a_wrong_one_consumes_nothing(front: Front, phrase: str | None) -> None:
    ids = await front.letters(1)
    plan = await front.desk.plan(DISCARD, {"selection": {"ids": ids}}, ANN)
    with pytest.raises(PhraseMismatch):
        await front.desk.run(plan.id, ANN, "k", RunPlan(phrase))
    run = await front.desk.run(plan.id, ANN, "k", RunPlan("TEST"))
    assert run.state is RunState.QUEUED
    assert [entry.outcome for entry in await front.record()] == ["refused", "started"]


async def test_an_expired_plan_is_refused(front: Front) -> None:
    plan = await front.desk.plan(REQUEUE, ALL, ANN)
    await _expire(front)
    with pytest.raises(PlanExpired):
        await front.begin(plan)


async def test_a_selection_that_shrank_is_not_stale(front: Front) -> None:
    ids = await front.letters(3)
    plan = await front.desk.plan(REQUEUE, ALL, ANN)
    await front.bench.move([ids[0].partition(":")[2]])
    assert (await front.begin(plan)).state is RunState.QUEUED


async def test_letters_that_arrive_later_are_said_and_make_no_plan_stale(front: Front) -> None:
    await front.letters(90)
    plan = await front.desk.plan(REQUEUE, ALL, ANN)
    await front.letters(30)
    again = await front.desk.again(plan.id)
    assert (again.count, again.arrived_since, again.effects) == (90, 30, plan.effects)
    assert (await front.begin(plan)).total == 90


async def test_a_queue_that_another_paused_meanwhile_makes_the_plan_stale(front: Front) -> None:
    await front.letters(1)
    plan = await front.desk.plan(PAUSE, {"queue": "native:mail"}, ANN)
    await front.bench.pause("mail")
    with pytest.raises(PlanStale, match="native:mail is paused"):
        await front.begin(plan)
    await front.bench.resume("mail")
    assert (await front.begin(plan)).state is RunState.QUEUED


async def test_a_pause_needs_a_queue_that_exists_and_an_end_to_come(front: Front) -> None:
    await front.letters(1)
    with pytest.raises(NotFound):
        await front.desk.plan(PAUSE, {"queue": "native:nowhere"}, ANN)
    past = (datetime.now(UTC) - timedelta(seconds=1)).isoformat()
    with pytest.raises(Invalid, match="until"):
        await front.desk.plan(PAUSE, {"queue": "native:mail", "until": past}, ANN)


async def test_what_cannot_be_put_on_the_record_is_not_done(front: Front) -> None:
    plan = await front.desk.plan(REQUEUE, ALL, ANN)
    async with front.engine.begin() as connection:
        await connection.execute(text("ALTER TABLE graveshift_ledger.audit ADD CHECK (outcome <> 'started')"))
    with pytest.raises(AuditUnavailable):
        await front.begin(plan, key="k")
    assert (await front.runs.page(None, 10)).total == 0
    async with front.engine.begin() as connection:
        await connection.execute(text("ALTER TABLE graveshift_ledger.audit DROP CONSTRAINT audit_outcome_check"))
    assert (await front.begin(plan, key="k")).state is RunState.QUEUED
    assert [entry.seq for entry in await front.record()] == [1]


async def _expire(front: Front) -> None:
    async with front.engine.begin() as connection:
        await connection.execute(text("UPDATE graveshift_ledger.plans SET expires_at = now()"))
