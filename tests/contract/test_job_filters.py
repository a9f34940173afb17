"""Live jobs chosen by version, age and payload."""

from datetime import timedelta

import msgspec
import pytest

from graveshift.driver import Count
from graveshift.wire.selection import Filter
from tests.contract.bench import Bench, failure, native

PAYLOADS = (
    '{"to":"ann","n":1,"tags":["a","b"],"deep":{"x":1.0,"y":2}}',
    '{"to":"bob","n":true,"odd":"\\u0000"}',
    '{"to":"bob","odd":"\\ud800","tags":[["a","b"]]}',
    '{"to":"\\u0000","text":"\\\\u0000","huge":1e999999}',
    '["to","ann"]',
    '"ann"',
)


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ('{"to":"ann"}', [0]),
        ('{"to":"bob"}', [1, 2]),
        ('{"to":"\\u0000"}', [3]),
        ('{"odd":"\\u0000"}', [1]),
        ('{"odd":"\\ud800"}', [2]),
        ('{"odd":"\\ufffd"}', []),
        ('{"text":"\\\\u0000"}', [3]),
        ('{"n":1.0}', [0]),
        ('{"n":true}', [1]),
        ('{"deep":{"x":1}}', [0]),
        ('{"tags":["b"]}', [0]),
        ('{"tags":[["b"]]}', [2]),
        ('{"tags":"a"}', []),
        ('{"ann":"to"}', []),
        ('{"to":"ann","n":2}', []),
    ],
)
async def test_a_payload_is_found_by_what_it_contains(bench: Bench, wanted: str, found: list[int]) -> None:
    ids = await bench.put(*PAYLOADS)
    chosen = Filter(payload=wanted)
    frozen = await bench.jobs.freeze()
    expected = [str(ids[place]) for place in found]
    assert list(await bench.jobs.pick(chosen, frozen, None, 10)) == expected
    assert list(await bench.jobs.pick(chosen, frozen, None, 1)) == expected[:1]
    assert await bench.jobs.count(chosen, frozen) == Count(len(found))
    assert await bench.jobs.arrived(chosen, frozen) == Count(0)
    page = await bench.jobs.page(chosen, None, 10)
    assert [native(job.id) for job in reversed(page.items)] == expected


async def test_payloads_are_looked_into_beyond_the_first_window(bench: Bench) -> None:
    ids = await bench.put(*["{}"] * 1500, '{"a":1}', *["{}"] * 1500)
    frozen = await bench.jobs.freeze()
    chosen = Filter(queue="mail", payload='{"a":1}')
    assert list(await bench.jobs.pick(chosen, frozen, None, 5)) == [str(ids[1500])]
    assert await bench.jobs.count(chosen) == Count(1)
    page = await bench.jobs.page(chosen, None, 5)
    assert ([native(job.id) for job in page.items], page.next_cursor) == ([str(ids[1500])], None)


@pytest.mark.parametrize("text", ["", "x", "[]", "{}", "1", '{"a":1e999}', '{"a":NaN}', '{"a":' * 40 + "1" + "}" * 40])
def test_what_is_no_object_to_look_for_is_refused(text: str) -> None:
    with pytest.raises(msgspec.ValidationError, match="payload"):
        msgspec.convert({"payload": text}, Filter)


async def test_a_version_is_whose_attempt_failed_last(bench: Bench) -> None:
    first, second, _ = await bench.put("1", "2", "3")
    one, two = await bench.take(2)
    await bench.work.fail([failure(one.ticket, worker_version="1"), failure(two.ticket, worker_version="2")])
    frozen = await bench.jobs.freeze()
    assert list(await bench.jobs.pick(Filter(version="1"), frozen, None, 9)) == [str(first)]
    assert list(await bench.jobs.pick(Filter(version="2"), frozen, None, 9)) == [str(second)]
    assert await bench.jobs.count(Filter(version="3")) == Count(0)


async def test_a_requeued_letter_still_has_the_version_it_died_in(bench: Bench) -> None:
    (letter,) = await bench.dead()
    await bench.move([letter])
    page = await bench.jobs.page(Filter(version="1.0"), None, 9)
    assert [native(job.id) for job in page.items] == [letter.partition("-")[2]]


async def test_an_age_is_when_it_was_enqueued(bench: Bench) -> None:
    (old,) = await bench.put()
    (new,) = await bench.put()
    found = await bench.jobs.one(str(new))
    assert found is not None
    assert found.enqueued_at is not None
    frozen = await bench.jobs.freeze()
    before, after = Filter(enqueued_before=found.enqueued_at), Filter(enqueued_after=found.enqueued_at)
    assert list(await bench.jobs.pick(before, frozen, None, 9)) == [str(old)]
    assert list(await bench.jobs.pick(after, frozen, None, 9)) == []
    since = Filter(enqueued_after=found.enqueued_at - timedelta(microseconds=1))
    assert list(await bench.jobs.pick(since, frozen, None, 9)) == [str(new)]
