"""Plan, confirm, run, follow, against a real server that loses answers."""

from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from pathlib import Path

import msgspec
import pytest

from graveshift.wire.runs import Run
from graveshift.wire.workers import Worker
from graveshift_tui.client import ApiError, Client, Unreachable
from graveshift_tui.commands.acting import run_line
from graveshift_tui.commands.tables import page_of, table
from graveshift_tui.conduct import Conduct, in_vain
from graveshift_tui.operate import Ask, Ended, ending
from graveshift_tui.settings import Where
from tests.small_backend import TOKEN, SmallBackend
from tests.small_things import letter

EVERYTHING = {"selection": {"all": True}}


@pytest.fixture
def backend(tmp_path: Path) -> Iterator[SmallBackend]:
    with SmallBackend(tmp_path).running() as backend:
        yield backend


@pytest.fixture
async def client(backend: SmallBackend) -> AsyncIterator[Client]:
    client = Client(Where(backend.url, TOKEN))
    yield client
    await client.close()


async def test_confirming_again_after_an_unknown_outcome_runs_once(client: Client, backend: SmallBackend) -> None:
    conduct = Conduct(client)
    plan = await conduct.plan("dlq.requeue", EVERYTHING)
    backend.trouble = ["lost answer"] * 6
    with pytest.raises(Unreachable):
        await conduct.confirm(plan)
    run = await conduct.confirm(plan)
    assert [run.id] == list(backend.things.runs)


async def test_another_conduct_cannot_run_a_used_plan(client: Client) -> None:
    plan = await Conduct(client).plan("dlq.requeue", EVERYTHING)
    await Conduct(client).confirm(plan)
    with pytest.raises(ApiError) as refused:
        await Conduct(client).confirm(plan)
    assert (refused.value.code, refused.value.exit_code) == ("plan-used", 5)


async def test_following_yields_each_new_state_to_the_end_across_outages(client: Client, backend: SmallBackend) -> None:
    conduct = Conduct(client)
    backend.things.pace = 1
    run = await conduct.confirm(await conduct.plan("dlq.requeue", EVERYTHING))
    backend.trouble = ["", "unavailable", "proxy", "lost answer"]
    seen: list[Run] = []
    async with aclosing(conduct.follow(run.id)) as states:
        async for state in states:
            seen.append(state)
    assert [state.state for state in seen] == ["running", "succeeded"]
    assert seen[-1].moved == 3


async def test_following_a_run_that_is_not_there_says_so(client: Client) -> None:
    with pytest.raises(ApiError) as refused:
        await anext(Conduct(client).follow("99"))
    assert refused.value.code == "not-found"


async def test_a_finished_run_is_yielded_once(client: Client, backend: SmallBackend) -> None:
    backend.things.letters = [letter(0)]
    conduct = Conduct(client)
    run = await conduct.confirm(await conduct.plan("dlq.requeue", EVERYTHING))
    assert [state.moved async for state in conduct.follow(run.id)] == [1]
    assert [state.moved async for state in conduct.follow(run.id)] == [1]


def _hold(moved: int = 0, conflict: int = 0, gone: int = 0) -> Run:
    counts = {"total": moved + conflict + gone, "moved": moved, "conflict": conflict, "gone": gone}
    return msgspec.convert(
        {"id": "6", "plan_id": "1", "operation": "job.hold", "state": "succeeded", "actor": "ann", **counts}, type=Run
    )


def test_a_run_that_moved_nothing_does_not_read_as_a_success() -> None:
    late, ask = _hold(gone=3), Ask("job.hold", {}, "Hold", "3 marked jobs")
    assert ending(ask, late) == "run 6: nothing was held: 3 were gone (job.hold: 3 marked jobs)"
    assert [Ended(ask, run).tone for run in (late, _hold(moved=2, gone=1))] == ["warning", "information"]
    assert run_line(late) == "run 6: job.hold nothing was held: 0 moved, 0 conflict, 3 gone, 0 failed"
    assert in_vain(_hold(gone=1, conflict=1)) == "nothing was held: 1 was a conflict, 1 was gone"
    assert in_vain(_hold()) == "nothing was held: nothing matched"
    assert ending(ask, _hold(moved=2, gone=1)) == "run 6: succeeded, 100% of 3 jobs, 1 gone (job.hold: 3 marked jobs)"


def test_a_worker_of_all_queues_says_so() -> None:
    everywhere, mail = Worker(id="native:1"), Worker(id="native:2", queues=["mail"])
    assert [line.split()[-1] for line in table(("id", "queues"), [everywhere, mail], None)] == ["QUEUES", "all", "mail"]
    assert "QUEUES all" in [" ".join(line.split()) for line in page_of(everywhere)]
