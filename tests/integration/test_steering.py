"""Verbs on workers through the Desk: planned in words, heard by the worker, on the record."""

import pytest

from graveshift.errors import NotFound
from graveshift.operations.steer import Drain, Quiet, Stop, Wake
from graveshift.wire.ids import encode
from graveshift.wire.plans import Confirm
from graveshift.wire.workers import Wish
from graveshift.work import Condition
from tests.contract.bench import WORKER
from tests.front import ANN, Front

ARGS = {"worker": encode("native", str(WORKER))}


async def at_work(front: Front) -> None:
    front.operations |= {verb.name: verb for verb in (Quiet, Wake, Drain, Stop)}
    await front.bench.work.register(WORKER, "host", 1, "1.0", ["mail"])
    await front.bench.work.beat(WORKER, [], 600, Condition())


async def test_a_worker_is_quieted_and_resumed_by_a_run_each(front: Front) -> None:
    await at_work(front)
    async with front.running():
        plan = await front.desk.plan("worker.quiet", ARGS, ANN)
        assert (plan.count, plan.confirm, plan.effects[0].subject) == (1, Confirm.YES, "worker host:1, 0 under way")
        assert (await front.ended(await front.begin(plan))).moved == 1
        assert await front.bench.work.heed(WORKER) is Wish.QUIET
        assert (await front.ended(await front.order("worker.resume", ARGS))).moved == 1
    (worker,) = await front.queue.source.workers()
    assert (worker.wish, worker.wished_by) == (Wish.RUN, "ann")


async def test_a_worker_that_was_told_to_end_is_told_to_stop_but_not_to_go_on(front: Front) -> None:
    await at_work(front)
    async with front.running():
        assert (await front.ended(await front.order("worker.drain", ARGS))).moved == 1
        run = await front.ended(await front.order("worker.resume", ARGS))
        assert (run.moved, run.conflict) == (0, 1)
        assert await front.bench.work.heed(WORKER) is Wish.DRAIN
        assert (await front.ended(await front.order("worker.stop", ARGS))).moved == 1
    assert await front.bench.work.heed(WORKER) is Wish.STOP


async def test_a_worker_that_is_not_there_is_not_found(front: Front) -> None:
    await at_work(front)
    await front.bench.work.deregister(WORKER)
    with pytest.raises(NotFound):
        await front.desk.plan("worker.stop", ARGS, ANN)
