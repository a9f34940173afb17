"""/metrics: what it says is true, and docs/metrics.md says all of it."""

import re
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from tests.api_service import failing_letters, serving

DOCS = Path(__file__).parents[2] / "docs" / "metrics.md"
STANDARD = ("process_",)


async def test_counters_and_gauges_follow_the_queue(database: str, tmp_path: Path) -> None:
    async with serving(database, tmp_path) as service, service.client() as client:
        await client.post("/v1/jobs", json={"jobs": [{"queue": "mail", "kind": "send"}] * 4})
        await service.rows(failing_letters(3))
        await client.get("/v1/dlq/native%3A1-1")
        await client.get("/v1/nothing/of/ours")
        text = (await client.get("/metrics")).text
    samples = {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
    mail = ("queue", "mail")
    assert samples["graveshift_jobs_enqueued_total", mail] == 4
    assert samples["graveshift_queue_depth", mail, ("state", "waiting")] == 4
    assert samples["graveshift_dlq_size", mail] == 3
    assert samples["graveshift_queue_oldest_age_seconds", mail] >= 0
    assert samples["graveshift_workers", ("state", "running")] == 0
    assert samples["graveshift_runs", ("state", "queued")] == 0
    asked = ("method", "GET"), ("path", "/v1/dlq/{id}"), ("status", "404")
    assert samples["graveshift_http_requests_total", *asked] == 1
    unmatched = ("method", "GET"), ("path", "unmatched"), ("status", "404")
    assert samples["graveshift_http_requests_total", *unmatched] == 1


async def test_the_documentation_names_every_metric_with_its_labels(database: str, tmp_path: Path) -> None:
    async with serving(database, tmp_path) as service, service.client() as client:
        await client.post("/v1/jobs", json={"queue": "mail", "kind": "send"})
        await client.get("/v1/dlq")
        text = (await client.get("/metrics")).text
    shown = {
        family.name + ("_total" if family.type == "counter" else "")
        for family in text_string_to_metric_families(text)
        if not family.name.startswith(STANDARD) and not family.name.endswith("_created")
    }
    told = set(re.findall(r"^### `(\w+)`", DOCS.read_text(), re.MULTILINE))
    assert told == shown
