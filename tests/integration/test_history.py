"""Series: from our own samples, or from a real Prometheus that scrapes the real API; each says where it came from."""

import asyncio
import shutil
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic

import httpx
import pytest

from graveshift.errors import HistoryUnavailable, Invalid
from graveshift.history import History, Prometheus, Samples, Wanted, asked, promql
from graveshift.settings import PrometheusSettings
from graveshift.store.engine import create_engine
from graveshift.store.samples import SampleBook
from tests.api_service import Service, serving
from tests.waiting import until

NOON = datetime(2026, 11, 22, 12, 0, 0, tzinfo=UTC)
needs_prometheus = pytest.mark.skipif(not shutil.which("prometheus"), reason="there is no prometheus on this machine")


async def keep(service: Service, name: str, queue: str, values: dict[int, float]) -> None:
    """Samples so many seconds after noon."""
    for second, value in values.items():
        await service.rows(
            "INSERT INTO graveshift_ledger.samples VALUES (:at, :name, :queue, :value)",
            at=NOON + timedelta(seconds=second),
            name=name,
            queue=queue,
            value=value,
        )


async def values(database: str, name: str, queue: str | None = None, seconds: int = 180) -> list[float | None]:
    engine = create_engine(database)
    wanted = Wanted(name, queue, NOON, NOON + timedelta(seconds=seconds), 60)
    series = await Samples(SampleBook(engine), 10).draw(wanted)
    await engine.dispose()
    assert [point.at for point in series.points] == [
        NOON + timedelta(seconds=60 * n) for n in range(1, seconds // 60 + 1)
    ]
    assert series.source == "samples"
    return [point.value for point in series.points]


async def test_levels_are_the_last_of_each_step_added_up_over_queues(database: str, tmp_path: Path) -> None:
    service = Service(database, tmp_path)
    await keep(service, "depth", "a", {0: 99, 10: 1, 50: 2, 60: 3, 70: 4, 130: 5})
    await keep(service, "depth", "b", {60: 10, 180: 20})
    await keep(service, "oldest_age", "a", {60: 7})
    await keep(service, "oldest_age", "b", {60: 9})
    await service.engine.dispose()
    assert await values(database, "depth") == [13, 4, 25]
    assert await values(database, "depth", "a") == [3, 4, 5]
    assert await values(database, "oldest_age") == [9, None, None]


async def test_growth_is_a_second_and_gaps_and_restarts_are_told_apart(database: str, tmp_path: Path) -> None:
    service = Service(database, tmp_path)
    await keep(service, "enqueued", "a", {0: 100, 30: 130, 60: 160, 90: 0, 120: 60})
    await keep(service, "enqueued", "b", {30: 0, 60: 60, 170: 1000})
    await service.engine.dispose()
    assert await values(database, "in") == [pytest.approx(1 + 2), pytest.approx(1), None]


def test_a_series_is_aligned_to_its_step() -> None:
    wanted = asked("depth", None, 100, 60, NOON + timedelta(seconds=59))
    assert (wanted.after, wanted.until) == (NOON - timedelta(seconds=120), NOON)


def test_what_cannot_be_drawn_is_refused_by_name() -> None:
    for name, range_s, step_s in (("deepness", 60, 60), ("depth", 604_800, 10)):
        with pytest.raises(Invalid):
            asked(name, None, range_s, step_s, NOON)


def test_a_queue_cannot_break_out_of_its_label() -> None:
    query = promql(Wanted("dead", 'a"} or vector(1) #\\\n', NOON, NOON, 60))
    assert query == 'sum(max by (queue) (graveshift_dlq_size{queue="a\\"} or vector(1) #\\\\\\n"}))'


@asynccontextmanager
async def prometheus(folder: Path, target: str) -> AsyncIterator[str]:
    """A real server that scrapes the target each second; its URL."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        place = f"127.0.0.1:{probe.getsockname()[1]}"
    config = folder / "prometheus.yml"
    config.write_text(f"""
global: {{scrape_interval: 1s}}
scrape_configs: [{{job_name: graveshift, static_configs: [{{targets: ["{target}"]}}]}}]
""")
    process = await asyncio.create_subprocess_exec(
        "prometheus", f"--config.file={config}", f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address={place}", f"--web.external-url=http://{place}", "--log.level=error",
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield f"http://{place}"
    finally:
        process.terminate()
        await process.wait()


@needs_prometheus
async def test_a_real_prometheus_draws_what_it_scraped(database: str, tmp_path: Path) -> None:
    async with serving(database, tmp_path) as service, prometheus(tmp_path, service.url[7:]) as url:
        async with service.client() as client:
            await client.post("/v1/jobs", json={"jobs": [{"queue": "mail", "kind": "send"}] * 5})
        source = Prometheus(PrometheusSettings(url=url, timeout_s=3))
        history = History(source)

        async def drawn() -> list[float]:
            try:
                series = await history.series("depth", "mail", 30, 1)
            except HistoryUnavailable:
                return []
            assert series.source == "prometheus"
            return [point.value for point in series.points if point.value is not None]

        found = await until(drawn, within=20)
        assert found[-1] == 5
        assert (await history.series("in", None, 30, 10)).source == "prometheus"
        assert (await history.series("oldest_age", "none", 30, 10)).points[-1].value is None
        source.close()


async def test_a_prometheus_that_is_away_hands_over_to_our_samples(database: str, tmp_path: Path) -> None:
    away = Prometheus(PrometheusSettings(url="http://127.0.0.1:9", timeout_s=1))
    service = Service(database, tmp_path)
    history = History(away, Samples(SampleBook(service.engine), 10))
    started = monotonic()
    assert (await history.series("depth", None, 60, 60)).source == "samples"
    assert monotonic() - started < 1
    away.close()
    await service.engine.dispose()


@pytest.mark.parametrize("answer", [b"<html>log in</html>", b"{}", b'{"data": {"result": [{}]}}'])
async def test_an_answer_that_is_none_is_our_own_error(answer: bytes) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s" % (len(answer), answer))
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    source = Prometheus(PrometheusSettings(url=f"http://127.0.0.1:{port}", timeout_s=1))
    with pytest.raises(HistoryUnavailable):
        await source.draw(Wanted("depth", None, NOON, NOON + timedelta(seconds=60), 60))
    source.close()
    server.close()
    await server.wait_closed()


async def test_the_api_answers_with_a_series_and_refuses_an_unknown_one(database: str, tmp_path: Path) -> None:
    async with serving(database, tmp_path) as service, service.client() as client:
        series = (await client.get("/v1/series", params={"name": "depth"})).json()
        assert (series["source"], series["step_s"], len(series["points"])) == ("samples", 60, 30)
        refused: httpx.Response = await client.get("/v1/series", params={"name": "x"})
        assert (refused.status_code, refused.json()["code"]) == (422, "invalid")
