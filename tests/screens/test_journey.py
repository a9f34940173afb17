"""A person at the console gets from the alert to the end of it."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from graveshift.wire.jobs import Job, JobState
from graveshift.wire.runs import RunState
from graveshift_tui.card import Subject
from graveshift_tui.screens import verbs
from graveshift_tui.widgets.paint import Lines
from graveshift_tui.widgets.prompt import Prompt
from tests.screens.console import console
from tests.screens.fake_client import FakeClient
from tests.screens.night import START
from tests.waiting import until


async def test_from_the_top_cause_to_a_letter_and_three_of_them_requeued() -> None:
    async with console() as person:
        await person.sees("ConnectTimeout")
        await person.press("enter")
        await until(lambda: person.listing.table.row is not None)
        await person.press("enter")
        await until(lambda: person.listing.route.card == "dlq" and person.listing.table.row is not None)
        await person.press("enter")
        await person.sees("api.acme.example")
        await person.press("escape", "space", "space", "space", "r")
        await person.sees("Requeue 3 marked letters")
        before = len(person.client.letters)
        await person.press("y")
        await person.told("run 81: requeue 3 marked letters")
        assert len(person.client.letters) == before - 3
        await person.told("run 81: succeeded")
        assert not person.listing.table.marks


async def test_no_is_what_a_hasty_enter_answers() -> None:
    async with console() as person:
        await person.goes("3", "dlq")
        await person.press("r")
        await person.sees("Requeue this letter")
        await person.press("enter")
        await until(lambda: person.app.screen is person.listing)
        assert not person.client.runs


async def test_a_verb_that_cannot_be_taken_back_wants_its_phrase_exactly() -> None:
    async with console() as person:
        await person.goes("3", "dlq")
        await person.press("d")
        await person.sees("discard 1 in PROD")
        await person.types("discard")
        await person.press("enter")
        await person.sees("that is not the phrase")
        assert not person.client.runs
        await person.types(" 1 in PROD")
        await person.press("enter")
        await until(lambda: person.client.runs)
        assert person.client.runs[0].operation == "dlq.discard"


async def test_requeue_all_takes_the_whole_cause() -> None:
    async with console() as person:
        await person.goes("2", "groups")
        await person.press("R")
        await person.sees("all 295 letters of ConnectTimeout")
        await person.press("y")
        await until(lambda: not any(x.error_type == "ConnectTimeout" for x in person.client.letters))


async def test_requeue_all_takes_what_the_filter_lets_through() -> None:
    async with console() as person:
        await person.goes("3", "dlq")
        await person.press("slash")
        await person.types("queue:parse")
        await person.press("enter")
        await person.sees("/in queue parse")
        await until(lambda: person.listing.table.chain.total == 60, what="the filtered list")
        await person.press("R")
        await person.sees("all 60 letters with queue:parse")
        await person.press("y")
        await until(lambda: not any(x.queue == "parse" for x in person.client.letters))


async def test_a_queue_is_paused_for_a_time_with_a_reason_and_resumed_by_the_same_key_and_a_yes() -> None:
    async with console() as person:
        await person.goes("4", "queues")
        await person.press("p")
        await person.sees("Pause webhooks for how long?")
        await person.press("tab")
        await person.types("bad")
        await person.press("enter")
        await until(lambda: person.client.queues[0].paused)
        plan = next(iter(person.client.plans.values()))
        assert plan.args["reason"] == "bad"
        assert str(plan.args["until"]).endswith("Z")
        await person.sees("PAUSED")
        await person.press("p")
        await person.sees("webhooks is paused. Resume it, or pause it anew?")
        await person.press("enter")
        await person.sees("lifts: paused by ana: bad")
        await person.press("y")
        await until(lambda: not person.client.queues[0].paused)
        await person.told("(queue.resume: queue webhooks)")


async def test_stop_works_from_anywhere_and_at_once() -> None:
    client = FakeClient(letters=10)
    client.start("dlq.requeue", total=1000)
    async with console(client) as person:
        await person.goes("9", "secrets")
        await person.press("X")
        await person.told("run 81: stopping")
        assert client.runs[0].state is RunState.CANCELLED
        assert not client.plans


async def test_stop_asks_which_where_there_are_several() -> None:
    client = FakeClient(letters=10)
    client.start("dlq.requeue", total=1000)
    client.start("dlq.requeue", total=2000)
    async with console(client) as person:
        await person.press("X")
        await person.sees("Stop which run?")
        await person.types("82")
        await person.press("enter")
        await until(lambda: client.runs[1].state is RunState.CANCELLED)
        assert client.runs[0].state is RunState.RUNNING


async def test_undo_takes_the_operators_own_last_requeue() -> None:
    async with console() as person:
        await person.goes("3", "dlq")
        await person.press("r")
        await person.sees("Requeue this letter")
        await person.press("y")
        await until(lambda: person.client.runs)
        await person.press("u")
        await person.sees("Undo run 81, dlq.requeue by ana")


async def test_back_up_and_rotate_work_from_anywhere() -> None:
    async with console() as person:
        await person.press("B")
        await person.told("run 81: back up")
        await person.goes("8", "backups")
        await person.sees("verified")
        await person.press("S")
        await person.sees("Rotate which secret?")
        await person.types("webhook")
        await person.press("enter")
        await person.sees("Rotate secret webhook-signing")


async def test_a_verb_that_is_not_allowed_says_so_and_does_nothing() -> None:
    client = FakeClient(letters=10)
    client.denied.add("dlq.requeue")
    async with console(client) as person:
        await person.goes("3", "dlq")
        await person.press("r")
        await person.told("your role (operator) may not do dlq.requeue")
        assert not client.plans


async def test_read_only_keeps_the_keys_and_says_why_not() -> None:
    async with console(read_only=True) as person:
        await person.sees("READ-ONLY")
        await person.goes("3", "dlq")
        await person.press("r")
        await person.told("read-only")
        assert not person.client.plans


async def test_quitting_names_the_runs_that_go_on() -> None:
    client = FakeClient(letters=10)
    client.start("dlq.requeue", total=1000)
    async with console(client) as person:
        await person.press("q")
        await person.sees("The backend carries on")
        await person.sees("run 81 dlq.requeue, 0% of 1,000 letters")
        await person.press("n")
        assert person.app.is_running


async def test_the_backend_going_away_is_said_and_its_return_is_seen() -> None:
    async with console() as person:
        person.client.offline = True
        await person.sees("OFFLINE")
        await person.sees("refused")
        person.client.offline = False
        await person.press("ctrl+r")
        await until(lambda: "OFFLINE" not in person.text)


async def test_a_backend_that_never_answered_says_so_and_quits_all_the_same() -> None:
    client = FakeClient(letters=1)
    client.offline = True
    async with console(client) as person:
        await person.sees("NO ANSWER")
        await person.press("q")
        await until(lambda: not person.app.is_running)


async def test_rows_stay_under_the_cursor_while_new_ones_arrive() -> None:
    async with console() as person:
        await person.goes("3", "dlq")
        await person.press("j", "j", "j")
        here = person.listing.table.row
        newest = person.client.letters[0]
        person.client.letters[:0] = [
            replace(newest, id=f"native:{int((START + timedelta(seconds=n)).timestamp() * 1e6)}-new", died_at=START)
            for n in (2, 1)
        ]
        await person.sees("2 new")
        assert person.listing.table.row == here
        await person.press("g")
        await until(lambda: person.listing.table.chain.arrived == 0 and person.listing.table.chain.total == 402)


async def test_the_end_of_a_long_list_is_reached_by_one_key() -> None:
    async with console(FakeClient(letters=2500)) as person:
        await person.goes("3", "dlq")
        await person.press("G")
        await until(lambda: person.listing.table.row == person.client.letters[-1], what="the last letter")


async def test_neighbours_of_a_letter_are_a_key_away() -> None:
    async with console() as person:
        await person.goes("3", "dlq")
        await person.press("enter")
        await until(lambda: person.detail.thing is not None)
        await person.press("n")
        await until(lambda: person.detail.thing == person.client.letters[1])
        await person.press("p")
        await until(lambda: person.detail.thing == person.client.letters[0])


async def test_empty_lists_say_what_it_means() -> None:
    client = FakeClient(letters=0)
    async with console(client) as person:
        await person.goes("3", "dlq")
        await person.sees("nothing has used up its attempts")
        await person.press("slash")
        await person.types("zzz")
        await person.press("enter")
        await person.sees("Nothing matches zzz")
        await person.sees("/error:*zzz*")


async def test_until_the_reader_moves_the_cursor_is_on_the_top_cause() -> None:
    client = FakeClient()
    letters, client.letters = client.letters, []
    async with console(client) as person:
        await person.sees("No causes")
        client.letters = letters
        await person.sees("ConnectTimeout")
        await until(lambda: any("›" in line and "ConnectTimeout" in line for line in person.text.splitlines()))
        await person.press("down")
        await until(lambda: any("›" in line and "KeyError" in line for line in person.text.splitlines()))


async def test_what_lies_beneath_a_list_is_not_painted() -> None:
    async with console() as person:
        await person.goes("0", "audit")
        beneath = person.app.screen_stack[0].query_one("#panels", Lines)
        before, seen = beneath.lines, person.app.pulse.overview
        person.client.queues = [replace(queue, waiting=987_654) for queue in person.client.queues]
        await until(lambda: person.app.pulse.overview is not seen and person.app.pulse.overview is not None)
        assert beneath.lines is before
        await person.press("escape")
        await person.sees("987,654")


async def test_a_list_without_filters_says_so_and_one_with_words_takes_them() -> None:
    async with console() as person:
        await person.goes("0", "audit")
        await person.press("slash")
        await person.told("audit: this list has no filter")
        await person.goes("2", "groups")
        await person.press("slash")
        await until(lambda: isinstance(person.app.focused, Prompt))
        await person.types("timeout")
        await person.press("enter")
        await person.sees('/saying "timeout"')


def test_a_job_that_has_ended_is_not_cancelled() -> None:
    done = [replace(job, state=JobState.DONE) for job in FakeClient().rows("jobs")[:2] if isinstance(job, Job)]
    with pytest.raises(verbs.NotHere, match="it is done already"):
        verbs.of_jobs("job.cancel", Subject("jobs", (done[0],)))
    with pytest.raises(verbs.NotHere, match="these have all ended"):
        verbs.of_jobs("job.cancel", Subject("jobs", tuple(done), marked=True))
