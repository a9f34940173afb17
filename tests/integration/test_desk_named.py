"""Named ids: what is there is counted, and what is not is said."""

from tests.front import ANN, Front


async def test_named_ids_that_are_no_letters_are_not_counted_and_said(front: Front) -> None:
    (letter, left) = await front.letters(2)
    await front.bench.move([left.partition(":")[2]])
    for operation in ("dlq.requeue", "dlq.discard"):
        plan = await front.desk.plan(operation, {"selection": {"ids": ["nope", letter, "native:0-0", left]}}, ANN)
        assert (plan.count, plan.effects[0].subject) == (1, "1 letter; 3 of these are no letters")
        run = await front.begin(plan)
        assert run.total == 4
    plan = await front.desk.plan("dlq.requeue", {"selection": {"ids": [letter]}}, ANN)
    assert (plan.count, plan.effects[0].subject) == (1, f"1 letter: {letter}")
