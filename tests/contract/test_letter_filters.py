"""How letters, those in the trash among them, are found by what they carry, by counts, and by what they are not."""

from typing import Any

import pytest
from msgspec.structs import replace

from graveshift.driver import Count, Move
from graveshift.errors import Invalid
from graveshift.wire.selection import Filter, Veiled
from tests.contract.bench import ALL, VEIL, Bench, failure, native

ODD = '{"to": "\\u0000 \\ud800 \\\\u0000", "n": 1}'
ENDLESS = '{"n": 1e999999, "to": "ana"}'


async def found(bench: Bench, chosen: Filter) -> list[str]:
    """Native ids, oldest first; page, count and pick must agree."""
    page = await bench.letters.page(chosen, None, 100)
    ids = [native(letter.id) for letter in reversed(page.items)]
    frozen = await bench.letters.freeze()
    assert list(await bench.letters.pick(chosen, frozen, None, 100)) == ids
    for count in (await bench.letters.count(chosen), await bench.letters.count(chosen, frozen)):
        assert count == Count(len(ids)), chosen
    return ids


async def buried(bench: Bench, *payloads: str, **fields: str) -> list[str]:
    """A letter for each payload, oldest first."""
    ids: list[str] = []
    for payload in payloads:
        await bench.put(payload, max_attempts=1)
        await bench.kill(*await bench.take(1), **fields)
        ids.append(native((await bench.letters.page(Filter(), None, 1)).items[0].id))
    return ids


async def test_letters_are_found_by_what_is_in_their_payloads(bench: Bench) -> None:
    user = '{"user": 42, "items": [{"sku": "a"}, {"sku": "b"}], "ok": true}'
    a, b, c, d = await buried(bench, user, '{"user": "42", "ok": null}', '{"deep": {"er": [1, "x"]}}', "[1]")
    for chosen, ids in (
        (Filter(payload='{"user": 42}'), [a]),
        (Filter(contains=[['{"user": 42}', '{"user": "42"}']]), [a, b]),
        (Filter(contains=[['{"user": 42}', '{"user": "42"}'], ['{"ok": true}']]), [a]),
        (Filter(contains=[['{"items": [{"sku": "b"}]}']]), [a]),
        (Filter(contains=[['{"deep": {"er": ["x"]}}']]), [c]),
        (Filter(contains=[['{"ok": null}']]), [b]),
        (Filter(contains=[['{"ok": false}']]), []),
        (Filter(without=[Filter(contains=[['{"user": 42}']])]), [b, c, d]),
        (Filter(contains=[['{"user": "42"}']], without=[Filter(contains=[['{"ok": null}']])]), []),
        (Filter(queue="mail", kind="send", text="address", payload='{"user": 42}'), [a]),
        (Filter(queue="elsewhere", payload='{"user": 42}'), []),
    ):
        assert await found(bench, chosen) == ids, chosen


async def test_a_payload_that_jsonb_cannot_hold_dies_like_any_other(bench: Bench) -> None:
    odd, endless, plain = await buried(bench, ODD, ENDLESS, '{"n": 1}')
    assert await found(bench, Filter(kind="send")) == [odd, endless, plain]
    assert await found(bench, Filter(contains=[['{"n": 1}']])) == [odd, plain]
    detail = await bench.letters.one(odd)
    assert detail is not None
    assert bytes(detail.payload or b"").decode() == ODD


async def test_letters_are_found_by_words_of_the_type_and_by_phrases(bench: Bench) -> None:
    (a,) = await buried(bench, "1", error_type="httpx.ConnectTimeout", error_message="POST https://api.acme.com/hook")
    (b,) = await buried(bench, "2", error_type="OSError", error_message="connection was reset: user_id=7, no timeout")
    for chosen, ids in (
        (Filter(text="connecttimeout"), [a]),
        (Filter(text="timeout"), [a, b]),
        (Filter(text="acme hook"), [a]),
        (Filter(text="was connection"), [b]),
        (Filter(text="7 user"), [b]),
        (Filter(phrases=["connection was"]), [b]),
        (Filter(phrases=["was connection"]), []),
        (Filter(phrases=["https://api.acme.com/"]), [a]),
        (Filter(text="timeout", phrases=["user_id=7"]), [b]),
        (Filter(without=[Filter(text="acme")]), [b]),
        (Filter(text="timeout", without=[Filter(phrases=["was reset"])]), [a]),
        (Filter(text="--"), []),
    ):
        assert await found(bench, chosen) == ids, chosen


async def test_letters_are_found_by_counts_versions_and_patterns(bench: Bench) -> None:
    (a,) = await bench.dead(
        queue="mail-out", kind="send", error_type="KeyError", worker_version="v141", fingerprint="f1"
    )
    (b,) = await bench.dead(
        queue="mail.in", kind="other", error_type="OSError", worker_version="v142", fingerprint="f2"
    )
    await bench.put("{}", queue="web_x", max_attempts=3)
    for _ in range(3):
        (job,) = await bench.take()
        await bench.work.fail([failure(job.ticket, fingerprint="f3", worker_version="v200")])
    c = native((await bench.letters.page(Filter(queue="web_x"), None, 1)).items[0].id)
    at = {native(x.id): x for x in (await bench.letters.page(Filter(), None, 9)).items}
    for chosen, ids in (
        (Filter(queue="mail*"), [a, b]),
        (Filter(queue="*_*"), [c]),
        (Filter(queue="mail_in"), []),
        (Filter(queue="mail%"), []),
        (Filter(error_type="*Error", kind="o*"), [b]),
        (Filter(version="v14*"), [a, b]),
        (Filter(version="v142"), [b]),
        (Filter(attempts_min=3), [c]),
        (Filter(attempts_min=1, attempts_max=1), [a, b]),
        (Filter(requeued_max=0), [a, b, c]),
        (Filter(requeued_min=1), []),
        (Filter(enqueued_after=at[a].enqueued_at), [b, c]),
        (Filter(enqueued_before=at[c].enqueued_at), [a, b]),
        (Filter(without=[Filter(queue="mail*")]), [c]),
        (Filter(without=[Filter(fingerprint="f1"), Filter(version="v200")]), [b]),
        (Filter(without=[Filter(queue="mail-out", kind="send", fingerprint="f1")]), [b, c]),
        (Filter(without=[Filter(died_after=at[a].died_at)]), [a]),
        (Filter(without=[Filter(run_id="7")]), [a, b, c]),
        (Filter(without=[Filter(system="here")]), []),
        (Filter(without=[Filter(attempts_min=3)], queue="*"), [a, b]),
    ):
        assert await found(bench, chosen) == ids, chosen
    await bench.move([a])
    await bench.kill(*await bench.take())
    assert len(await found(bench, Filter(requeued_min=1))) == 1
    await bench.upkeep.roll_up()
    assert len(await found(bench, Filter(queue="mail*"))) == 2


async def test_a_secret_value_is_compared_by_its_token(bench: Bench) -> None:
    a, b, c = await buried(bench, '{"card": {"no": "4711"}}', '{"card": {"no": 4711}}', '{"card": {"no": "47"}}')
    chosen = Filter(veiled=[Veiled(["card", "no"], VEIL.token("4711"))])
    assert await found(bench, chosen) == [a, b]
    assert await found(bench, replace(chosen, queue="elsewhere")) == []
    assert await found(bench, Filter(without=[chosen])) == [c]
    assert await found(bench, Filter(veiled=[Veiled(["card"], VEIL.token("4711"))])) == []
    page = await bench.letters.page(chosen, None, 1)
    assert [native(letter.id) for letter in page.items] == [b]
    page = await bench.letters.page(chosen, page.next_cursor, 1)
    assert ([native(letter.id) for letter in page.items], page.next_cursor) == ([a], None)
    with pytest.raises(Invalid, match="another key"):
        await bench.letters.page(Filter(veiled=[Veiled(["card"], f"hmac:{'0' * 16}-{'0' * 64}")]), None, 1)


async def test_jobs_are_found_by_the_same(bench: Bench) -> None:
    a, b, c = await bench.put('{"user": 42, "pin": "1234"}', '{"user": "42"}', '{"user": 7}', queue="mail-out")
    token = Veiled(["pin"], VEIL.token("1234"))
    for chosen, ids in (
        (Filter(contains=[['{"user": 42}', '{"user": "42"}']]), [a, b]),
        (Filter(without=[Filter(contains=[['{"user": 42}', '{"user": "42"}']])]), [c]),
        (Filter(veiled=[token]), [a]),
        (Filter(without=[Filter(veiled=[token])], queue="mail*"), [b, c]),
        (Filter(attempts_max=0, requeued_max=0), [a, b, c]),
        (Filter(attempts_min=1), []),
        (Filter(queue="mail*", without=[Filter(kind="s*")]), []),
        (Filter(fingerprint="f1"), []),
    ):
        frozen = await bench.jobs.freeze()
        page = await bench.jobs.page(chosen, None, 10)
        assert [int(native(job.id)) for job in reversed(page.items)] == ids, chosen
        assert await bench.jobs.count(chosen, frozen) == Count(len(ids)), chosen
        assert list(await bench.jobs.pick(chosen, frozen, None, 10)) == [str(id) for id in ids], chosen


async def test_the_trash_is_found_by_the_same(bench: Bench) -> None:
    a, b = await buried(bench, '{"user": 42}', '{"user": 7}')
    await bench.move([a, b], Move.DISCARD)
    frozen = await bench.trash.freeze()
    token = Veiled(["user"], VEIL.token("42"))
    for chosen, ids in (
        (Filter(contains=[['{"user": 42}']]), [a]),
        (Filter(without=[Filter(contains=[['{"user": 42}']])]), [b]),
        (Filter(veiled=[token]), [a]),
        (Filter(text="address"), [a, b]),
        (Filter(text="address", without=[Filter(veiled=[token])]), [b]),
        (Filter(queue="m*", attempts_max=1), [a, b]),
        (Filter(phrases=["address such"]), []),
    ):
        page = await bench.trash.page(chosen, None, 10)
        assert [native(letter.id) for letter in page.items] == ids[::-1], chosen
        assert page.total == len(ids), chosen
        assert await bench.trash.count(chosen, frozen) == Count(len(ids)), chosen
        assert list(await bench.trash.pick(chosen, frozen, None, 10)) == ids, chosen
    page = await bench.trash.page(Filter(text="address"), None, 1)
    page = await bench.trash.page(Filter(text="address"), page.next_cursor, 1)
    assert [native(letter.id) for letter in page.items] == [a]


async def test_groups_are_found_by_words_patterns_and_what_they_are_not(bench: Bench) -> None:
    await bench.dead(queue="mail-a", fingerprint="f2", error_type="ConnectTimeout", error_message="POST /hook")
    await bench.dead(queue="web", fingerprint="f1", error_type="KeyError", error_message="no such key")
    for chosen, found in (
        (Filter(queue="mail*"), ["f2"]),
        (Filter(error_type="*Error"), ["f1"]),
        (Filter(text="timeout hook"), ["f2"]),
        (Filter(phrases=["such key"]), ["f1"]),
        (Filter(without=[Filter(fingerprint="f1")]), ["f2"]),
        (Filter(without=[Filter(text="key")]), ["f2"]),
        (Filter(without=[Filter(system="here")]), []),
    ):
        for _ in range(2):
            page = await bench.letters.groups(chosen, None, 10)
            assert ([group.fingerprint for group in page.items], page.total) == (found, len(found)), chosen
            await bench.upkeep.roll_up()


async def test_what_the_newest_letters_carry_is_read_but_for_what_is_long(bench: Bench) -> None:
    async def die(*payloads: str, **fields: Any) -> None:
        await bench.put(*payloads, **fields)
        await bench.kill(*await bench.take())

    await die('{"old": 1}')
    await die('{"to": 17}', '{"html": "' + "x" * 20_000 + '"}', '{"b": 1}')
    await die('{"other": "\\u0000"}', queue="other")
    assert list(await bench.letters.carried(ALL, 4)) == [b'{"other": "\\u0000"}', b'{"b": 1}', b'{"to": 17}']
    assert list(await bench.letters.carried(Filter(queue="mail"), 9)) == [b'{"b": 1}', b'{"to": 17}', b'{"old": 1}']
    assert list(await bench.letters.carried(Filter(queue="m*", without=[Filter(kind="send")]), 9)) == []
    assert list(await bench.letters.carried(Filter(system="elsewhere"), 9)) == []
