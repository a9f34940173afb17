"""Why something was done is on the record, wherever the operator said it."""

from graveshift.wire.plans import RunPlan
from tests.front import ANN, Front


async def test_a_reason_given_with_the_verb_is_on_the_record(front: Front) -> None:
    await front.bench.put("{}")
    args = {"queue": "native:mail", "until": None, "reason": "bad files"}
    plan = await front.desk.plan("queue.pause", args, ANN)
    run = await front.desk.run(plan.id, ANN, "k", RunPlan())
    assert run.reason == "bad files"
