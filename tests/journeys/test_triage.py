"""From very many failures to the one cause, and safely back, with keys on a real terminal of 80 by 24."""

import os

import pytest

from tests.bench.million.causes import CAUSES
from tests.journeys.dialogs import choose, command, confirm, leave
from tests.journeys.person import Person
from tests.journeys.stand import Night, night
from tests.waiting import until_now

LETTERS = int(os.environ.get("GRAVESHIFT_JOURNEY_LETTERS", "40000"))
"""A million with `GRAVESHIFT_JOURNEY_LETTERS=1000000 ./run test tests/journeys/test_triage.py`."""
PATIENCE_S = 120.0
CAUSE = CAUSES[0].fingerprint
PLACES = """
    SELECT count(DISTINCT id) FROM (
        SELECT id FROM graveshift.dead UNION ALL SELECT id FROM graveshift.jobs UNION ALL SELECT id FROM graveshift.done
    ) every
"""
LEFT = f"SELECT count(*) FROM graveshift.dead WHERE fingerprint = '{CAUSE}'"
DONE = "SELECT count(*) FROM graveshift.done WHERE requeue_count > 0"
TWICE = "SELECT count(*) - count(DISTINCT id) FROM graveshift.done"


@pytest.mark.timeout(1500)
def test_a_cause_is_found_tried_stopped_healed_and_brought_back() -> None:
    with night(LETTERS) as scene:
        wanted = scene.number(LEFT)
        with Person(scene.console, env=scene.environment) as person:
            find_the_cause(person, wanted)
            assert canary(person) == CAUSES[0].queue
            see_red_and_stop(person)
            see_them_die_of_the_same(person, wanted)
            heal(person)
            assert canary(person) == "died again"
            see_green_and_go_on(person)
            drip_faster(person)
            see_the_end(person)
            leave(person)
        nothing_is_lost(scene, wanted)


def find_the_cause(person: Person, wanted: int) -> None:
    person.sees(rf"PROD .* live(?s:.*)ConnectTimeout POST.* {wanted:,}", within=60)
    person.goes("2", r"overview › groups(?s:.*)› ?!?ConnectTimeout")


def canary(person: Person) -> str:
    person.press("c")
    person.sees(r"canary first")
    return confirm(person)


def see_red_and_stop(person: Person) -> None:
    person.goes("7", r"overview › runs")
    person.sees(r"› ?!?\d+ +dlq\.requeue +asks +\S+ +canary 20 failed", within=PATIENCE_S)
    person.press("X")
    person.sees(r"› *\d+ +dlq\.requeue +cancelled")


def see_them_die_of_the_same(person: Person, wanted: int) -> None:
    """Back among the letters of the cause, which is still one row and says what became of the try."""
    person.goes("2", r"overview › groups(?s:.*)› ?!?ConnectTimeout")
    person.sees(rf"› ?!?ConnectTimeout POST[^\n]* {wanted:,} +0 ", within=PATIENCE_S)
    person.sees(r"(?m)^ before +20 requeued .* by ana, 100% died again *$", within=PATIENCE_S)


def heal(person: Person) -> None:
    command(person, "demo heal")
    person.sees(r"the downstream is told to heal")


def see_green_and_go_on(person: Person) -> None:
    person.goes("7", r"overview › runs")
    person.sees(r"› ?!?\d+ +dlq\.requeue +asks +\S+ +canary 20 done", within=PATIENCE_S)
    at_a_rate_of(person, "500")
    person.press("p")
    person.sees(r"› *go on with the rest")
    person.press("enter")
    person.sees(r"› ?!?\d+ +dlq\.requeue +running")


def drip_faster(person: Person) -> None:
    at_a_rate_of(person, "5000")


def at_a_rate_of(person: Person, per_s: str) -> None:
    choose(person, "=", r"type a number a second", per_s)
    person.sees(rf": {int(per_s):,} a second (from now on|once it is resumed)")


def see_the_end(person: Person) -> None:
    person.sees(r"› *\d+ +dlq\.requeue +(moved|succeeded)", within=PATIENCE_S + LETTERS / 2000)


def nothing_is_lost(scene: Night, wanted: int) -> None:
    """Every letter of the cause was done once, those of the red canary too; all the others are where they were."""
    until_now(lambda: scene.number(DONE) >= wanted, within=PATIENCE_S + LETTERS / 1000, what="all are done")
    assert scene.number(DONE) == wanted
    assert (scene.number(PLACES), scene.number(LEFT), scene.number(TWICE)) == (LETTERS, 0, 0)
