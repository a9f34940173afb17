"""An edit is made to the original: what came from a masked view is refused, and a patch leaves the secret as it is."""

import pytest

from graveshift.errors import Invalid
from graveshift.wire.runs import RunState
from graveshift.wire.selection import Filter
from tests.front import ANN, Front

SECRET = "hunter2hunter2"
PAYLOAD = f'{{"n": 1.10, "big": 12345678901234567890, "password": "{SECRET}", "auth": {{"token": "{SECRET}"}}}}'


async def letter(front: Front) -> str:
    await front.bench.put(PAYLOAD)
    await front.bench.kill(*await front.bench.take(1))
    (id,) = await front.letters(0)
    return id


async def test_a_masked_payload_written_back_is_refused_and_the_letter_stays(front: Front) -> None:
    id = await letter(front)
    masked = front.world.redaction.payload(PAYLOAD.encode()).decode()
    assert SECRET not in masked
    with pytest.raises(Invalid, match=r"still holds `\*\*\*`"):
        await front.desk.plan("dlq.requeue", {"selection": {"ids": [id]}, "payload": masked}, ANN)
    for patch in ({"password": "***"}, {"auth": {"token": "***"}}, {"copy": ["***"]}):
        with pytest.raises(Invalid, match=r"would write `\*\*\*`"):
            await front.desk.plan("dlq.requeue", {"selection": {"ids": [id]}, "patch": patch}, ANN)
    assert await front.letters(0) == [id]


async def test_a_patch_is_merged_into_the_original_and_never_into_what_is_shown(front: Front) -> None:
    id = await letter(front)
    args = {"selection": {"ids": [id]}, "patch": {"n": 2, "auth": {"user": "ann"}}}
    plan = await front.desk.plan("dlq.requeue", args, ANN)
    assert SECRET not in str(plan)
    async with front.running():
        run = await front.ended(await front.order("dlq.requeue", args))
    assert (run.state, run.moved) == (RunState.SUCCEEDED, 1)
    (job,) = (await front.queue.jobs.page(Filter(), None, 10)).items
    found = await front.queue.jobs.one(job.id.partition(":")[2])
    assert found is not None
    text = bytes(found.payload).decode()
    assert f'"password":"{SECRET}"' in text.replace('": "', '":"')
    assert text.count(SECRET) == 2
    assert "12345678901234567890" in text
    assert "***" not in text
