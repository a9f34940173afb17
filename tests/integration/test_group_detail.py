"""One cause over HTTP: facets of a stated sample, what was done about it, what to read; quick at any size."""

from pathlib import Path
from time import perf_counter
from urllib.parse import quote

from graveshift.wire.operations import Role
from tests.api_service import Service, serving
from tests.contract.bench import ALL, Bench, PostgresUnits, native

FILL = """
    WITH new AS (
        INSERT INTO graveshift.dead (died_at, id, enqueued_at, attempt, max_attempts, budget, requeue_count, priority,
                                     queue, kind, fingerprint, error_type, worker_version)
        SELECT now() - make_interval(secs => i * 0.05), i + 1000000, now() - interval '1 hour', 5, 5, 5, 0, 0, 'hooks',
               'post', 'f1', 'httpx.ConnectTimeout', CASE WHEN i % 10 = 0 THEN 'v141' ELSE 'v142' END
        FROM generate_series(1, 60000) i RETURNING died_at, id), tried AS (
        INSERT INTO graveshift.attempts (job_id, attempt, final, again, queue, kind, fingerprint, error_type,
                                         error_message)
        VALUES (1000001, 5, true, false, 'hooks', 'post', 'f1', 'httpx.ConnectTimeout', 'POST /hook after 30s'))
    INSERT INTO graveshift.dead_text (died_at, id, error_message, traceback, payload, search)
    SELECT died_at, id, 'POST https://api.acme.com/hook after 30s', 'File "/app/deliver.py", line 41, in post',
           json_build_object('host', CASE WHEN id % 8 = 0 THEN 'foo.io' ELSE 'api.acme.com' END, 'event', 'paid',
                             'id', id), ''
    FROM new
"""


async def the_group(service: Service, **_: object) -> str:
    (group,) = (await service.queue.letters.groups(ALL, None, 10)).items
    return quote(group.id, safe="")


async def test_a_cause_is_explained_by_a_stated_sample(database: str, tmp_path: Path) -> None:
    async with serving(database, tmp_path) as service, service.client(Role.VIEWER) as client:
        await service.rows(FILL)
        await service.queue.upkeep.roll_up()
        id = await the_group(service)
        group = (await client.get(f"/v1/groups/{id}")).json()
        facets = {facet["by"]: facet["values"] for facet in group["facets"]}
        hosts = {value["value"]: value["share"] for value in facets["payload.host"]}
        assert set(hosts) == {"api.acme.com", "foo.io"}
        assert 0.8 < hosts["api.acme.com"] < 0.95
        assert [value["value"] for value in facets["version"]] == ["v142", "v141"]
        assert [value["value"] for value in facets["enqueued"]] == ["<6h"]
        assert 92 <= group["sampled"] <= 100
        assert group["sample"] == f"the newest 60 letters, and {group['sampled'] - 60} spread over the time before"
        assert (group["share"], group["dead"], group["requeues"], group["rate_per_s"]) == (1.0, 60000, [], 50.0)
        assert group["may_have_arrived"] == "ConnectTimeout"
        assert group["runbook"] == {"title": "Upstream failing", "page": "upstream-failing", "url": None}
        assert group["samples"][0]["place"] == "deliver.py:41 post > httpx.ConnectTimeout"
        assert group["queues"] == [{"name": "hooks", "n": 60000}]
        parted = (await client.get(f"/v1/groups/{id}/facets", params={"by": "payload.event"})).json()
        assert parted["facet"]["values"] == [{"value": "paid", "n": parted["sampled"], "share": 1.0}]
        assert parted["sample"].startswith("the newest 60 letters")
        assert (await client.get("/v1/groups/native:no/facets", params={"by": "version"})).status_code == 404
        runbook = (await client.get("/v1/runbooks/upstream-failing")).json()
        assert runbook["text"].startswith("# An upstream is failing")
        assert (await client.get("/v1/runbooks/nothing")).status_code == 404


async def test_what_was_done_about_a_cause_is_told_with_whose_it_was(database: str, tmp_path: Path) -> None:
    async with serving(database, tmp_path) as service, service.client(Role.OPERATOR) as client:
        bench = Bench(service.queue, PostgresUnits(service.engine))
        await bench.dead(4)
        id = await the_group(service)
        plan = (
            await client.post("/v1/plans", json={"operation": "dlq.requeue", "args": {"selection": {"all": True}}})
        ).json()
        answer = await client.post(f"/v1/plans/{plan['id']}/run", json={}, headers={"Idempotency-Key": "k"})
        run = answer.json()["id"]
        letters = (await bench.letters.page(ALL, None, 10)).items
        await bench.move([native(letter.id) for letter in letters], run=int(run))
        claimed = await bench.take(4)
        await bench.kill(*claimed[:3])
        await bench.work.finish([claimed[3].ticket], "w")
        (seen,) = (await client.get(f"/v1/groups/{id}")).json()["requeues"]
        assert (seen["run_id"], seen["by"], seen["moved"], seen["whole"]) == (run, "operator", 4, 4)
        assert (seen["died"], seen["done"], seen["waiting"]) == (3, 1, 0)


async def test_a_group_that_is_none_is_not_found(database: str, tmp_path: Path) -> None:
    async with serving(database, tmp_path) as service, service.client() as client:
        for id in ("native:a", "native:a%2Fb%2Fc", "elsewhere:a%2Fb%2Fc", "x", "native:a%2Fb%2Fc%00"):
            assert (await client.get(f"/v1/groups/{quote(id, safe='')}")).status_code == 404


async def test_the_detail_of_a_large_cause_costs_little(database: str, tmp_path: Path) -> None:
    """A bound that only a scan of all letters breaks; the page of measurements has the number."""
    async with serving(database, tmp_path) as service, service.client() as client:
        await service.rows(FILL)
        await service.queue.upkeep.roll_up()
        await service.rows("ANALYZE graveshift.dead")
        id = await the_group(service)
        spent = []
        for _ in range(5):
            began = perf_counter()
            assert (await client.get(f"/v1/groups/{id}")).status_code == 200
            spent.append(perf_counter() - began)
        assert min(spent) < 0.2
        print(f"{min(spent) * 1000:.1f} ms")
