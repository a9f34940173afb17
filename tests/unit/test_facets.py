"""A sample is told by what it is made of: hosts first, then what tells most; nothing that is secret."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from graveshift.facets import facet_by, facets, place, samples
from graveshift.seen import Seen
from graveshift.wire.groups import Facet

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)


def seen(n: int, payload: object, *, hours: float = 0.1, version: str | None = "v142") -> list[Seen]:
    given = payload if isinstance(payload, bytes) else msgspec.json.encode(payload)
    at = NOW - timedelta(hours=hours)
    return [Seen(job_id=f"here:{i}", enqueued_at=at, version=version, payload=given) for i in range(n)]


def shown(payload: bytes) -> bytes:
    return payload.replace(b"secret", b"***")


def values(found: list[Facet], by: str) -> list[tuple[str, int]]:
    (facet,) = [facet for facet in found if facet.by == by]
    return [(value.value, value.n) for value in facet.values]


def test_a_host_comes_first_wherever_it_stands_and_with_its_share() -> None:
    sample = [*seen(88, {"to": {"host": "api.acme.com"}}), *seen(12, {"to": {"host": "foo.io"}})]
    found = facets(sample, NOW, shown)
    assert found[0].by == "payload.to.host"
    assert [(value.value, value.share) for value in found[0].values] == [("api.acme.com", 0.88), ("foo.io", 0.12)]


def test_what_differs_goes_before_what_is_the_same_and_ids_are_left_out() -> None:
    rows = [{"id": i, "event": "paid", "shop": f"s{i % 3}", "amount": i * 7.5, "ok": True} for i in range(60)]
    found = facets([one for row in rows for one in seen(1, row)], NOW, shown)
    assert [facet.by for facet in found] == ["payload.shop", "payload.event", "version", "enqueued"]
    assert values(found, "payload.shop") == [("s0", 20), ("s1", 20), ("s2", 20)]


def test_many_values_are_cut_and_the_rest_is_counted() -> None:
    rows = [{"shop": f"s{i % 9}"} for i in range(90)]
    (facet, *_) = facets([one for row in rows for one in seen(1, row)], NOW, shown)
    assert (len(facet.values), facet.more) == (5, 4)


def test_ages_are_told_the_youngest_first_and_versions_the_most_first() -> None:
    sample = [
        *seen(3, {}, hours=30, version="v1"),
        *seen(5, {}, hours=0.5),
        *seen(2, {}, hours=2, version=None),
        *seen(1, {}, hours=999, version=None),
    ]
    found = facets(sample, NOW, shown)
    assert values(found, "enqueued") == [("<1h", 5), ("<6h", 2), ("<7d", 3), ("older", 1)]
    assert values(found, "version") == [("v142", 5), ("v1", 3)]


def test_a_field_that_is_hidden_in_any_letter_is_no_facet() -> None:
    sample = [*seen(9, {"key": "secret-1", "shop": "a"}), *seen(9, {"key": "open", "shop": "b"})]
    assert "payload.key" not in [facet.by for facet in facets(sample, NOW, shown)]


def test_without_a_way_to_hide_only_hosts_are_shown_and_no_payload() -> None:
    sample = [*seen(9, {"key": "secret-1", "host": "a"}), *seen(9, {"key": "open", "host": "b"})]
    assert [facet.by for facet in facets(sample, NOW, None)] == ["payload.host", "version", "enqueued"]
    assert {one.payload for one in samples(sample, "E", None)} == {None}


@pytest.mark.parametrize(
    "payload", [b"{", b"[1,2]", b'"x"', b"null", b"\xff", b"[" * 5000, b'{"a":' * 900 + b"1" + b"}" * 900]
)
def test_a_payload_that_tells_nothing_is_counted_and_breaks_nothing(payload: bytes) -> None:
    found = facets(seen(4, payload), NOW, shown)
    assert [facet.by for facet in found] == ["version", "enqueued"]


def test_nothing_seen_is_nothing_told() -> None:
    assert facets([], NOW, shown) == []
    assert samples([], "E", shown) == []


def test_samples_are_few_hidden_and_cut() -> None:
    sample = seen(9, {"key": "secret", "text": "x" * 900})
    first, *rest = samples(sample, "E", shown)
    assert len(rest) == 4
    assert first.payload is not None
    assert first.payload.startswith('{"key":"***"')
    assert len(first.payload) == 301


def test_the_place_is_the_innermost_line_of_ones_own() -> None:
    trace = """Traceback (most recent call last):
  File "/app/shop/deliver.py", line 12, in run
  File "/app/shop/deliver.py", line 41, in post
  File "/app/.venv/lib/python3.11/site-packages/httpx/_client.py", line 900, in post
httpx.ConnectTimeout: x"""
    assert place(trace, "httpx.ConnectTimeout") == "deliver.py:41 post > httpx.ConnectTimeout"
    assert place('  File "/usr/lib/python3.11/json.py", line 3, in loads', "E") == "json.py:3 loads > E"
    assert place(None, "E") is None
    assert place("no frames", "E") is None


def test_any_field_can_be_asked_for_whatever_it_tells() -> None:
    sample = [*seen(2, {"order": {"id": 7}}), *seen(1, {"order": {"id": 8}}), *seen(1, {"other": 1})]
    found = facet_by("payload.order.id", sample, NOW, shown)
    assert (found.by, [(value.value, value.n, value.share) for value in found.values]) == (
        "payload.order.id", [("7", 2, 0.5), ("8", 1, 0.25)],
    )  # fmt: skip
    assert facet_by("absent", sample, NOW, shown).values == []
    assert [facet_by(by, sample, NOW, shown).by for by in ("version", "enqueued")] == ["version", "enqueued"]


def test_of_a_field_with_secrets_it_is_told_that_it_is_there_and_no_more() -> None:
    sample = [*seen(9, {"key": "secret-1"}), *seen(3, {"key": "open"})]
    assert [(value.value, value.n) for value in facet_by("key", sample, NOW, shown).values] == [("***", 12)]
