"""The first runbook that matches is the one; pages are those that come with graveshift."""

import pytest

from graveshift import runbooks
from graveshift.errors import SettingsError
from graveshift.rules import Match, RunbookRule, shipped_runbooks
from graveshift.runbooks import runbooks_of
from graveshift.wire.groups import RunbookLink


def test_the_first_rule_that_matches_tells_and_all_of_its_patterns_must() -> None:
    mine = runbooks_of(
        [
            RunbookRule(match=Match(error="KeyError: .iban", queue="^parse$"), url="https://wiki/iban", title="IBAN"),
            RunbookRule(match=Match(kind="parse"), page="jobs-stuck"),
        ]
    )
    assert mine.of("KeyError", "'iban'", "parse", "parse_file") == RunbookLink("IBAN", None, "https://wiki/iban")
    assert mine.of("KeyError", "'iban'", "mail", "parse_file") == RunbookLink("jobs-stuck", "jobs-stuck", None)
    assert mine.of("KeyError", "'iban'", "mail", "send") is None


def test_the_shipped_rules_know_what_to_read_about_anything() -> None:
    shipped = runbooks_of(shipped_runbooks())
    timeout, key = shipped.of("httpx.ConnectTimeout", "", "q", "k"), shipped.of("KeyError", "'iban'", "q", "k")
    assert timeout is not None
    assert key is not None
    assert (timeout.page, key.page) == ("upstream-failing", "cause-spreading")


def test_a_page_that_is_not_there_is_refused_with_the_nearest() -> None:
    with pytest.raises(SettingsError, match=r"runbooks\[1\].page: .*did you mean `jobs-stuck`"):
        runbooks_of([RunbookRule(page="cause-spreading"), RunbookRule(page="job-stuck")])


def test_pages_have_title_and_text_and_no_other_file_can_be_read() -> None:
    page = runbooks.page("upstream-failing")
    assert page is not None
    assert (page.id, page.title) == ("upstream-failing", "An upstream is failing")
    assert page.text.startswith("# An upstream is failing")
    for name in ("../operations", "", "nothing", "upstream-failing.md"):
        assert runbooks.page(name) is None
    assert {one.id for one in runbooks.every()} == set(runbooks.pages())
