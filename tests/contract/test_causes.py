"""What is known of a cause beyond its counts: how often it came back, what became of requeues, and a sample of it."""

from graveshift.driver import Move
from graveshift.wire.groups import Group, Requeued
from graveshift.wire.runs import Became
from tests.contract.bench import ALL, Bench, failure, native


async def the_group(bench: Bench) -> Group:
    (group,) = (await bench.letters.groups(ALL, None, 10)).items
    return group


async def last(bench: Bench, group: Group) -> Requeued:
    runs = await bench.letters.requeues(native(group.id), 3)
    assert runs
    return runs[0]


def fates(one: Requeued) -> tuple[int, ...]:
    return one.whole, one.done, one.died, one.cancelled, one.recalled, one.waiting


async def test_a_group_says_how_often_its_letters_came_back(bench: Bench) -> None:
    await bench.dead(2)
    for times in (0, 1, 2):
        group = await the_group(bench)
        assert (group.again, group.dead) == (times, 2)
        await bench.upkeep.roll_up()
        assert (await the_group(bench)).again == times
        (newest, *_) = (await bench.letters.page(ALL, None, 10)).items
        await bench.move([native(newest.id)])
        await bench.kill(*await bench.take())


async def test_a_letter_that_came_back_from_the_trash_did_not_die_again(bench: Bench) -> None:
    letters = await bench.dead(1)
    await bench.move(letters, Move.DISCARD)
    await bench.restore(letters)
    assert ((await the_group(bench)).again, (await the_group(bench)).died_again) == (0, 0)


async def test_shares_are_of_all_that_is_dead_or_retrying(bench: Bench) -> None:
    assert (await bench.letters.groups(ALL, None, 10)).items == []
    await bench.dead(3, fingerprint="f1")
    await bench.dead(1, fingerprint="f2", queue="other")
    for _ in range(2):
        found = {group.fingerprint: group.share for group in (await bench.letters.groups(ALL, None, 10)).items}
        assert found == {"f1": 0.75, "f2": 0.25}
        await bench.upkeep.roll_up()


async def test_a_cause_that_was_never_requeued_says_so(bench: Bench) -> None:
    await bench.dead()
    assert list(await bench.letters.requeues(native((await the_group(bench)).id), 3) or []) == []
    assert not await bench.letters.requeues("no such thing", 3)


async def test_what_became_of_a_requeue_is_counted_fate_by_fate(bench: Bench) -> None:
    letters = await bench.dead(6)
    group = await the_group(bench)
    await bench.move(letters, run=11)
    assert fates(await last(bench, group)) == (6, 0, 0, 0, 0, 6)
    done, died, gone, retried = await bench.take(4)
    await bench.work.finish([done.ticket], "w")
    await bench.kill(died)
    await bench.cancel(str(gone.ticket.id))
    await bench.work.fail([failure(retried.ticket, retry_in_s=60.0), failure(gone.ticket)])
    await bench.recall(letters, run=11)
    for _ in range(2):
        one = await last(bench, group)
        assert (one.run_id, one.moved) == ("11", 6)
        assert fates(one) == (6, 1, 1, 1, 2, 1)
        told = Became(done=1, died=1, cancelled=1, recalled=2, waiting=1)
        assert await bench.trials.became([11, 12]) == {11: told}
        await bench.upkeep.roll_up()


async def test_of_runs_over_several_causes_each_knows_its_own_part(bench: Bench) -> None:
    mine = await bench.dead(2, fingerprint="f1")
    others = await bench.dead(3, fingerprint="f2")
    by_print = {group.fingerprint: group for group in (await bench.letters.groups(ALL, None, 10)).items}
    await bench.move([*mine, *others], run=11)
    one = await last(bench, by_print["f1"])
    assert (one.moved, one.whole) == (2, 5)
    await bench.kill(*await bench.take(1), fingerprint="f1")
    again = [letter for letter in (await bench.letters.page(ALL, None, 10)).items if letter.fingerprint == "f1"]
    await bench.move([native(letter.id) for letter in again], run=12)
    runs = await bench.letters.requeues(native(by_print["f1"].id), 3)
    assert [run.run_id for run in runs or []] == ["12", "11"]
    assert [run.run_id for run in await bench.letters.requeues(native(by_print["f1"].id), 1) or []] == ["12"]


async def test_a_sample_has_letters_newest_first_with_payload_and_version(bench: Bench) -> None:
    await bench.put('{"host":"a"}', '{"host":"b"}', "[1]")
    await bench.kill(*await bench.take(), worker_version="v7", traceback='File "x.py", line 3, in go')
    group = await the_group(bench)
    found = await bench.letters.explain(native(group.id))
    assert found is not None
    assert {one.payload for one in found.seen} == {b'{"host":"a"}', b'{"host":"b"}', b"[1]"}
    assert {one.version for one in found.seen} == {"v7"}
    assert all(one.letter and one.died_at and one.enqueued_at and one.traceback for one in found.seen)
    assert found.how == "the newest 3 letters"
    assert [(part.name, part.n) for part in (*found.queues, *found.kinds)] == [("mail", 3), ("send", 3)]


async def test_before_anything_has_died_the_sample_is_of_what_is_retrying(bench: Bench) -> None:
    await bench.put('{"host":"a"}', '{"host":"b"}')
    await bench.work.fail([failure(job.ticket, retry_in_s=60.0) for job in await bench.take()])
    found = await bench.letters.explain(native((await the_group(bench)).id))
    assert found is not None
    assert [(one.letter, one.died_at) for one in found.seen] == [(None, None)] * 2
    assert {one.payload for one in found.seen} == {b'{"host":"a"}', b'{"host":"b"}'}
    assert found.how == "the newest 2 that are retrying"


async def test_the_same_error_elsewhere_is_told_by_queue_and_kind(bench: Bench) -> None:
    await bench.dead(2)
    await bench.dead(3, queue="bulk", kind="other")
    groups = {group.queue: group for group in (await bench.letters.groups(ALL, None, 10)).items}
    for _ in range(2):
        found = await bench.letters.explain(native(groups["mail"].id))
        assert found is not None
        assert [(part.name, part.n) for part in found.queues] == [("bulk", 3), ("mail", 2)]
        assert [(part.name, part.n) for part in found.kinds] == [("other", 3), ("send", 2)]
        assert len(found.seen) == 2
        await bench.upkeep.roll_up()


async def test_what_is_gone_leaves_nothing_to_look_at(bench: Bench) -> None:
    letters = await bench.dead()
    group = await the_group(bench)
    await bench.move(letters)
    found = await bench.letters.explain(native(group.id))
    assert found is not None
    assert (list(found.seen), found.how) == ([], "nothing is left to look at")
    assert await bench.letters.explain("no-such-id") is None


async def test_a_cause_that_is_split_says_by_what(bench: Bench) -> None:
    await bench.put()
    await bench.work.fail([failure(job.ticket, retry_in_s=60.0, split="user=4\0") for job in await bench.take()])
    for _ in range(2):
        assert (await the_group(bench)).split == "user=4\\x00"
        await bench.upkeep.roll_up()


async def test_counters_that_are_right_are_left_as_they_are(bench: Bench) -> None:
    letters = await bench.dead(3)
    await bench.put("1", "2")
    await bench.move(letters[:1])
    before = await bench.depth()
    done = await bench.upkeep.reconcile()
    assert done is not None
    assert (done.off, done.looked) == (0, 5)
    assert await bench.depth() == before
