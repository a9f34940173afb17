"""What changed before a cause was first seen is said under the list, on its page and on the overview."""

from datetime import datetime, timedelta

import pytest
from msgspec.structs import replace

from graveshift.wire.groups import Group
from graveshift.wire.marks import Mark, MarkKind
from graveshift_tui.screens.groups import after, nodes, pane
from graveshift_tui.widgets.columns import At
from graveshift_tui.widgets.paint import width_of
from tests.screens.console import console
from tests.screens.fake_client import FakeClient
from tests.screens.night import START
from tests.waiting import until

FIRST = START - timedelta(minutes=21)
DEPLOY = Mark(
    id="1", at=FIRST - timedelta(minutes=3, seconds=9), kind=MarkKind.DEPLOY, title="shop v142", version="v142",
    note="retries halved", actor="ci", source="cli",
)  # fmt: skip
CAUSE = Group(
    id="native:f", fingerprint="f", system="native", queue="webhooks", kind="webhook.deliver", message="POST /hook",
    error_type="ConnectTimeout", dead=300_412, retrying=41_877, per_min=13_900.0, first_seen=FIRST, last_seen=START,
    died_again=2, trend=[1] * 30, first_version="v142", last_version="v143", mark=DEPLOY,
)  # fmt: skip


class Marked(FakeClient):
    """Its causes came after a deploy."""

    changed: Mark | None = DEPLOY

    def groups(self) -> list[Group]:
        """The same, with the mark before them."""
        return [replace(group, mark=self.changed, first_version="v142") for group in super().groups()]


@pytest.mark.parametrize(
    ("mark", "said"),
    [
        (DEPLOY, "3m after deploy v142"),
        (replace(DEPLOY, at=FIRST - timedelta(seconds=41)), "41s after deploy v142"),
        (replace(DEPLOY, version=None), "3m after deploy shop v142"),
        (replace(DEPLOY, kind=MarkKind.CONFIG, version=None, title="pool of 20"), "3m after config pool of 20"),
        (replace(DEPLOY, kind=MarkKind.OTHER, version=None, title="failover"), "3m after failover"),
        (replace(DEPLOY, at=FIRST - timedelta(days=5)), "5d after deploy v142"),
        (None, ""),
    ],
)
def test_the_mark_before_is_said_with_how_long_before(mark: Mark | None, said: str) -> None:
    assert after(replace(CAUSE, mark=mark)) == said
    assert after(replace(CAUSE, first_seen=None)) == ""


def test_its_pace_is_of_failures_and_its_page_says_that_retries_are_such_too() -> None:
    at = At(80, START)
    calm = replace(CAUSE, retrying=0, per_min=41.0)
    assert "failures/min +41" in "".join(text for line in pane(calm, at) for text, _ in line)
    assert "each attempt that failed, retries too" in str(nodes(CAUSE, at))


@pytest.mark.parametrize("width", [60, 80, 200])
@pytest.mark.parametrize("title", ["v142", "a-very-long-version-" * 6, "\x1b]52;c;aGk=\x07\u202e"])
def test_its_line_fits_whatever_the_mark_is_called(width: int, title: str) -> None:
    group = replace(CAUSE, mark=replace(DEPLOY, version=None, title=title))
    lines = pane(group, At(width, START))
    assert all(width_of(line) <= width for line in lines[:3])
    assert all(char.isprintable() for line in lines for part, _ in line for char in part)


def test_its_page_says_the_versions_that_failed_and_the_whole_mark() -> None:
    text = "\n".join("".join(part for part, _ in node.head) for node in nodes(CAUSE, At(80, START)))
    for word in ("first seen 02:51, 3m after deploy v142", "in version v142", "in version v143", "shop v142, by ci",
                 "2026-11-22 02:48:32Z", "retries halved", "2 died again"):  # fmt: skip
        assert word in text


async def test_the_screen_of_causes_says_it_of_the_one_under_the_cursor_at_80_columns() -> None:
    async with console(Marked(letters=400)) as person:
        await person.goes("2", "groups")
        await person.sees("first seen 02:51, 3m after deploy v142")


async def test_a_wide_list_has_a_column_for_it() -> None:
    async with console(Marked(letters=400), size=(140, 30)) as person:
        await person.goes("2", "groups")
        await person.sees("AFTER")
        await until(lambda: person.text.count("3m after deploy v142") > 2)


@pytest.mark.parametrize(
    ("at", "said"),
    [(DEPLOY.at, True), (FIRST - timedelta(hours=2), False), (None, False)],
    ids=["soon", "long", "none"],
)
async def test_the_overviews_next_step_names_a_deploy_that_came_just_before_the_top_cause(
    at: datetime | None, said: bool
) -> None:
    client = Marked(letters=400)
    client.changed = replace(DEPLOY, at=at) if at else None
    async with console(client) as person:
        await person.sees("look at the cause")
        assert ("look at the cause, 3m after deploy v142" in person.text) is said
