"""A page never says more of its total than is known."""

from datetime import UTC, datetime

from msgspec import json, structs

from graveshift.wire.page import Page

NOW = datetime(2026, 11, 22, tzinfo=UTC)


def test_a_total_that_is_not_known_is_not_exact() -> None:
    assert not Page([1], NOW).total_is_exact
    assert not structs.replace(Page([1], NOW, total=1), total=None).total_is_exact
    assert not json.decode(b'{"items": [], "as_of": "2026-11-22T00:00:00Z"}', type=Page[int]).total_is_exact


def test_a_total_that_is_known_says_itself_whether_it_is_exact() -> None:
    assert Page([1], NOW, total=1).total_is_exact
    assert not Page([1], NOW, total=10_000, total_is_exact=False).total_is_exact
