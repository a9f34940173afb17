"""An export holds every letter that matches, in constant memory, tells when it was cut, and is on the record."""

import csv
import io
import json
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path

import httpx
import pytest

from graveshift.api.sheets import cell
from graveshift.wire.operations import Role
from tests.api_service import Service, failing_letters, serving
from tests.front import true

EXPORT = "/v1/dlq/export"


@pytest.fixture
async def service(database: str, tmp_path: Path) -> AsyncIterator[Service]:
    async with serving(database, tmp_path) as service:
        yield service


@pytest.fixture
async def viewer(service: Service) -> AsyncIterator[httpx.AsyncClient]:
    async with service.client(Role.VIEWER) as client:
        yield client


async def record(service: Service) -> list[tuple[str, str | None, int | None]]:
    page = await service.audit.page(None, 100)
    return [(one.outcome, one.reason, one.total) for one in page.items[::-1] if one.operation == "dlq.export"]


async def test_json_lines_hold_every_letter_of_every_page_and_say_that_they_are_complete(
    service: Service, viewer: httpx.AsyncClient
) -> None:
    await service.rows(failing_letters(2500))
    answer = await viewer.get(EXPORT)
    assert answer.headers["content-type"].startswith("application/x-ndjson")
    *letters, last = [json.loads(line) for line in answer.text.splitlines()]
    assert (last["export"]["complete"], last["export"]["letters"]) == (True, 2500)
    assert len({letter["id"] for letter in letters}) == 2500
    died = [datetime.fromisoformat(letter["died_at"]) for letter in letters]
    assert died == sorted(died, reverse=True)
    assert letters[0]["payload"] == {"to": "ana@example.org"}
    await true(lambda: _recorded(service, 2), what="the end is on the record")
    assert await record(service) == [("started", "jsonl, all", None), ("succeeded", "jsonl, all", 2500)]


async def _recorded(service: Service, n: int) -> bool:
    return len(await record(service)) == n


async def test_csv_has_a_header_a_record_for_each_and_a_last_word(service: Service, viewer: httpx.AsyncClient) -> None:
    await service.rows(failing_letters(5))
    await service.rows(failing_letters(3, "bank"))
    answer = await viewer.get(EXPORT, params={"format": "csv", "queue": "bank"})
    header, *letters, last = list(csv.reader(io.StringIO(answer.text, newline="")))
    assert header[0] == "id"
    assert [one[header.index("queue")] for one in letters] == ["bank"] * 3
    assert last[0].startswith("# export complete: 3 letters as of ")


async def test_no_cell_is_a_formula_and_no_cell_obeys_a_terminal(service: Service, viewer: httpx.AsyncClient) -> None:
    await service.rows(failing_letters(1))
    for nasty in ("=cmd|' /C calc'!A0", "+1", "-1", "@SUM(1)", "\t=1", "\r=1", "＝1", 'a "b", \x1b[2J\r\nc\u202ed'):
        await service.rows("UPDATE graveshift.dead_text SET error_message = :nasty", nasty=nasty)
        text = (await viewer.get(EXPORT, params={"format": "csv"})).text
        header, letter, _ = list(csv.reader(io.StringIO(text, newline="")))
        cell = letter[header.index("error_message")]
        assert cell[0] in "'a"
        assert not {"\x1b", "\u202e"} & set(text)


@pytest.mark.parametrize(
    "text", ["  =1+1", "\u00a0@SUM(1)", "\u3000+1", "\n=1", " \t-1", "；=1+1", ";=1+1", "，＝1", "| =1", " ＋1"]
)
def test_what_stands_before_a_formula_does_not_hide_it(text: str) -> None:
    assert cell(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "  no route", "a = b", "x; =1", "(-1)", "\u0000=1", "  "])
def test_what_is_no_formula_stays_as_it_is(text: str) -> None:
    assert not cell(text).startswith("'")


async def test_json_lines_are_ascii_one_line_a_letter(service: Service, viewer: httpx.AsyncClient) -> None:
    await service.rows(failing_letters(1))
    payload = '{\n "a": "\u00e4\U0001f600\\ud800",\r "b": 1.10}'
    await service.rows("UPDATE graveshift.payloads SET payload = CAST(:payload AS json)", payload=payload)
    answer = await viewer.get(EXPORT)
    assert answer.content.isascii()
    letter, _ = answer.text.splitlines()
    assert json.loads(letter)["payload"] == {"a": "\u00e4\U0001f600\ud800", "b": 1.10}
    assert "1.10" in letter


async def test_the_text_of_a_filter_narrows_an_export_and_is_on_the_record(
    service: Service, viewer: httpx.AsyncClient
) -> None:
    await service.rows(failing_letters(4))
    await service.rows(failing_letters(3, "bank"))
    answer = await viewer.get(EXPORT, params={"q": "queue:bank"})
    assert [json.loads(line)["queue"] for line in answer.text.splitlines()[:-1]] == ["bank"] * 3
    assert (await record(service))[0] == ("started", "jsonl, q=queue:bank", None)
    assert (await viewer.get(EXPORT, params={"q": "queue:"})).status_code == 422


async def test_marked_letters_are_exported_by_their_ids(service: Service, viewer: httpx.AsyncClient) -> None:
    await service.rows(failing_letters(5))
    ids = [one["id"] for one in (await viewer.get("/v1/dlq")).json()["items"]]
    wanted = [ids[3], ids[1]]
    answer = await viewer.get(EXPORT, params={"ids": ",".join([*wanted, "native:1-1"])})
    *letters, last = [json.loads(line) for line in answer.text.splitlines()]
    assert ([one["id"] for one in letters], last["export"]["letters"]) == (wanted, 2)


async def test_what_cannot_be_exported_is_refused_before_the_first_byte(viewer: httpx.AsyncClient) -> None:
    for query in ("format=xls", "died_after=x", "ids=native:1-1&queue=a", "nonsense=1", "limit=3"):
        assert (await viewer.get(f"{EXPORT}?{query}")).status_code == 422, query
    assert (await viewer.get(EXPORT, params={"ids": ",".join(["x:1"] * 1001)})).status_code == 422


async def test_a_client_that_leaves_ends_the_work_and_the_record_says_cut(service: Service) -> None:
    await service.rows(failing_letters(40_000))
    async with service.client(Role.VIEWER) as client, client.stream("GET", EXPORT) as answer:
        async for chunk in answer.aiter_raw():
            assert chunk
            break
    await true(lambda: _recorded(service, 2), what="the cut is on the record")
    outcome, _, total = (await record(service))[1]
    assert outcome == "cut"
    assert total is not None
    assert total < 40_000
