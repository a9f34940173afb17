"""Help with a filter's text over HTTP: completions, places of errors, secret values, and filters saved by name."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from graveshift.errors import Invalid, NotFound, Unreadable
from graveshift.operations.filters import DropFilter, SaveFilter
from graveshift.wire.operations import Role
from graveshift.wire.plans import Confirm
from tests.api_service import Service, failing_letters, serving
from tests.front import ANN, Front

PIN = "4711-a-very-secret-pin"
FAILED = """INSERT INTO graveshift.deltas (n, queue, what, kind, fingerprint, error_type, message, version)
VALUES (1, 'mail', 'failed', 'mail.send', 'f1', 'OSError', 'no route', 'v142')"""
TABLES = """SELECT table_schema || '.' || table_name FROM information_schema.tables
WHERE table_schema LIKE 'graveshift%' AND table_type = 'BASE TABLE'"""


@pytest.fixture
async def service(database: str, tmp_path: Path) -> AsyncIterator[Service]:
    async with serving(database, tmp_path) as service:
        await service.rows(failing_letters(4))
        await service.rows("SELECT graveshift.enqueue('mail', 'send')")
        await service.rows(FAILED)
        yield service


@pytest.fixture
async def viewer(service: Service) -> AsyncIterator[httpx.AsyncClient]:
    async with service.client(Role.VIEWER) as client:
        yield client


async def helped(client: httpx.AsyncClient, query: str, **params: Any) -> dict[str, Any]:
    answer = await client.get("/v1/query", params={"text": query, **params})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def words(help: dict[str, Any]) -> list[str]:
    return [one["text"] for one in help["completions"]]


async def test_field_names_complete_the_word_under_the_cursor(viewer: httpx.AsyncClient) -> None:
    assert words(await helped(viewer, "qu")) == ["queue:"]
    every = await helped(viewer, "")
    assert {"queue:", "payload.", "died:", "saved:"} <= set(words(every))
    assert "state:" not in words(every)
    assert words(await helped(viewer, "s", resource="workers")) == ["state:", "system:", "saved:"]
    within = await helped(viewer, "kind:a -er queue:b", cursor=10)
    assert (words(within), within["word"]) == (["error:"], {"offset": 8, "length": 2})


async def test_values_are_those_that_are_there(viewer: httpx.AsyncClient) -> None:
    for query, completions in (
        ("queue:", ["mail"]),
        ("queue:x", []),
        ("kind:mail", ["mail.send"]),
        ("error:os", ["OSError"]),
        ("died:<1", ["<15m", "<1h", "<1d"]),
        ("attempts:", [">1", "<3"]),
        ("system:", ["native"]),
    ):
        assert words(await helped(viewer, query)) == completions, query
    assert sorted(words(await helped(viewer, "group:f"))) == ["f1", "f2", "f3", "f4"]
    assert words(await helped(viewer, "version:")) == ["v142"]
    assert "held" in words(await helped(viewer, "state:", resource="jobs"))


KEYED = """UPDATE graveshift.dead_text SET payload = CAST($one${"user": {"id": 7, "full name": "Ana"}, "password": "p",
"sk_live_4eC39HqLyjWDarjtT1zdp7dc": 1, "items": [{"sku": "s-secret-value"}], "\\u001b[31m": 1}$one$ AS json)
WHERE (died_at, id) IN (SELECT died_at, id FROM graveshift.dead WHERE queue = 'web')"""


async def test_keys_of_payloads_are_those_of_the_newest_letters_and_no_values(
    service: Service, viewer: httpx.AsyncClient
) -> None:
    await service.rows(failing_letters(3, "web"))
    await service.rows(KEYED)
    every = await helped(viewer, "payload.")
    assert words(every) == ["to=", "items[].sku=", "password=", "user.id=", 'user."full name"=']
    assert every["completions"][0]["says"] == "in 4 of 7 letters"
    assert not {"Ana", "sk_live_4eC39HqLyjWDarjtT1zdp7dc", "s-secret-value"} & set(
        json.dumps(every).replace('"', " ").split()
    )
    within = await helped(viewer, "queue:web -payload.us=7 kind:mail*", cursor=20)
    assert (words(within), within["word"]) == (["user.id=", 'user."full name"='], {"offset": 19, "length": 3})
    assert words(await helped(viewer, "queue:web payload.t")) == []
    for query in ("payload.us", "queue: died:soon payload.us", "error:OSError payload.user."):
        assert words(await helped(viewer, query)) == ["user.id=", 'user."full name"='], query
    for query in ("payload.user.id=", "payload.user.id=7", "payload.nothing"):
        assert words(await helped(viewer, query)) == [], query
    assert words(await helped(viewer, "payload.us", resource="jobs")) == ["user.id=", 'user."full name"=']
    assert words(await helped(viewer, "payload.us", resource="workers")) == []


async def test_a_text_is_said_in_words_or_its_error_is(viewer: httpx.AsyncClient) -> None:
    good = await helped(viewer, "queue:mail -error:OSError")
    assert (good["error"], good["said"]) == (None, "in queue mail, but not of OSError")
    bad = await helped(viewer, "queue:mail died:soon")
    assert (bad["error"]["offset"], bad["error"]["length"], bad["said"]) == (11, 9, "")
    assert (await viewer.get("/v1/query", params={"text": "x", "resource": "runs"})).status_code == 422
    assert (await viewer.get("/v1/query", params={"text": "x" * 5000})).status_code == 422


async def test_a_secret_value_is_asked_for_and_kept_nowhere(
    service: Service, capfd: pytest.CaptureFixture[str]
) -> None:
    async with service.client() as client:
        asked = await helped(client, 'payload.to="ana@example.org" payload.pin=?')
        assert (asked["asks"], asked["error"]) == ([{"offset": 41, "length": 1}], None)
        answer = await client.post("/v1/query/secret", json={"value": PIN})
        token = answer.json()["token"]
        assert (answer.status_code, token.startswith("hmac:"), PIN in answer.text) == (200, True, False)
        assert (await client.post("/v1/query/secret", json={"value": ""})).status_code == 422
        hidden = (await client.post("/v1/query/secret", json={"value": "ana@example.org"})).json()["token"]
        chosen = {"selection": {"query": f"payload.to={hidden} -payload.pin={token}"}}
        plan = (await client.post("/v1/plans", json={"operation": "dlq.requeue", "args": chosen})).json()
    assert (plan["count"], plan["args"]) == (4, chosen)
    assert "with a secret to" in plan["effects"][0]["subject"]
    said = capfd.readouterr()
    assert PIN not in said.out + said.err
    for row in await service.rows(TABLES):
        found = await service.rows(f"SELECT 1 FROM {row[0]} t WHERE t::text LIKE '%{PIN}%'")
        assert not found, row


async def saved(front: Front, verb: str, **args: str) -> str:
    run = await front.ended(await front.order(verb, args))
    (item,) = await front.items(run)
    return str(item.outcome)


async def test_a_filter_is_saved_used_replaced_and_dropped_by_its_name(front: Front) -> None:
    front.operations |= {kind.name: kind for kind in (SaveFilter, DropFilter)}
    await front.letters(2, queue="mail")
    await front.letters(1, queue="web")
    async with front.running():
        assert await saved(front, "filter.save", name="mine", query="queue:mail") == "moved"
        plan = await front.desk.plan("dlq.requeue", {"selection": {"query": "saved:mine"}}, ANN)
        assert plan.count == 2
        again = await front.desk.plan("filter.save", {"name": "mine", "query": "queue:web"}, ANN)
        assert (again.confirm, again.effects[1].subject) == (Confirm.YES, "instead of")
        assert await saved(front, "filter.save", name="mine", query="queue:web") == "moved"
        kept = await front.world.interpreter.filters.one("mine")
        assert kept is not None
        assert (kept.query, kept.saved_by) == ("queue:web", "ann")
        run = await front.ended(await front.begin(plan))
        assert run.moved == 2
        assert await saved(front, "filter.save", name="more", query="-saved:mine") == "moved"
        for query in ("saved:more saved:nothing", "", "queue:", "saved:mine saved:endless"):
            with pytest.raises((Unreadable, Invalid)):
                await front.desk.plan("filter.save", {"name": "endless", "query": query}, ANN)
        assert await saved(front, "filter.drop", name="mine") == "moved"
    with pytest.raises(Unreadable, match="no filter is saved as `mine`"):
        await front.desk.plan("dlq.requeue", {"selection": {"query": "saved:more"}}, ANN)
    with pytest.raises(NotFound):
        await front.desk.plan("filter.drop", {"name": "mine"}, ANN)
    with pytest.raises(Invalid):
        await front.desk.plan("filter.save", {"name": "a b", "query": "queue:web"}, ANN)


async def test_what_is_dropped_or_replaced_is_told_whole_before_and_can_be_had_again_from_the_record(
    front: Front,
) -> None:
    front.operations |= {kind.name: kind for kind in (SaveFilter, DropFilter)}
    texts = "queue:mail", 'queue:web "no route"'

    async def told(verb: str, **args: str) -> str:
        run = await front.ended(await front.order(verb, args))
        (item,) = await front.items(run)
        return str(item.detail)

    async with front.running():
        assert await told("filter.save", name="mine", query=texts[0]) == "saved"
        assert (await told("filter.save", name="mine", query=texts[1])).startswith(
            f"saved instead of {texts[0]}, saved by ann at 20"
        )
        plan = await front.desk.plan("filter.drop", {"name": "mine"}, ANN)
        assert plan.confirm is Confirm.YES
        assert plan.effects[0].change.startswith(f"forgotten: {texts[1]}, saved by ann at 20")
        kept = await told("filter.drop", name="mine")
        assert kept.startswith(f"dropped: {texts[1]}, saved by ann at 20")
        query = kept.removeprefix("dropped: ").rpartition(", saved by")[0]
        assert await told("filter.save", name="mine", query=query) == "saved"
    again = await front.world.interpreter.filters.one("mine")
    assert again is not None
    assert again.query == texts[1]


async def test_dropping_a_filter_that_others_name_says_which(front: Front) -> None:
    front.operations |= {kind.name: kind for kind in (SaveFilter, DropFilter)}
    async with front.running():
        await saved(front, "filter.save", name="mail", query="queue:mail")
        await saved(front, "filter.save", name="late", query="saved:mail died:<2h")
        await saved(front, "filter.save", name="mails", query="queue:mails")
        plan = await front.desk.plan("filter.drop", {"name": "mail"}, ANN)
    (told,) = [effect.change for effect in plan.effects if effect.subject == "saved:late"]
    assert told.startswith("names it, and cannot be understood then: saved:mail died:<2h")
    assert "saved:mails" not in [effect.subject for effect in plan.effects]


async def test_the_record_of_a_filter_that_was_dropped_has_no_secret(front: Front) -> None:
    front.operations |= {kind.name: kind for kind in (SaveFilter, DropFilter)}
    async with front.running():
        await saved(front, "filter.save", name="pins", query=f"payload.password={PIN} queue:mail")
        run = await front.ended(await front.order("filter.drop", {"name": "pins"}))
        (item,) = await front.items(run)
    assert str(item.detail).startswith("dropped: payload.password=*** queue:mail, saved by ann")


async def test_saved_filters_are_listed(service: Service, viewer: httpx.AsyncClient) -> None:
    async with service.engine.begin() as connection:
        row = "INSERT INTO graveshift_ledger.filters (name, query, saved_by) VALUES ('mine', 'queue:mail', 'ann')"
        await connection.execute(text(row))
    page = (await viewer.get("/v1/filters")).json()
    assert [(one["id"], one["query"], one["saved_by"]) for one in page["items"]] == [("mine", "queue:mail", "ann")]
    assert (await viewer.get("/v1/filters/mine")).json()["name"] == "mine"
    assert (await viewer.get("/v1/filters/none")).status_code == 404
    assert words(await helped(viewer, "saved:")) == ["mine"]
    found = (await viewer.get("/v1/dlq", params={"q": "saved:mine -group:f1"})).json()
    assert found["total"] < 4, json.dumps(found)[:200]
