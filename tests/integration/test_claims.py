"""Who is on a cause: claimed by one, seen by all, taken over knowingly, released by its owner."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from graveshift.errors import Invalid, NotFound, PlanStale
from graveshift.operation import Actor
from graveshift.selection import surveying
from graveshift.wire.groups import Claim
from graveshift.wire.operations import Role
from graveshift.wire.plans import Caution, Confirm, RunPlan
from graveshift.wire.runs import Outcome, Run
from tests.api_service import failing_letters, serving
from tests.contract.bench import ALL
from tests.front import ANN, Front
from tests.waiting import until

BEN = Actor("ben", Role.OPERATOR)


async def group_of(front: Front) -> str:
    await front.bench.dead(2)
    (group,) = (await front.bench.letters.groups(ALL, None, 10)).items
    return group.id


async def does(front: Front, actor: Actor, operation: str, **args: Any) -> Run:
    """Plan and run it to its end."""
    plan = await front.desk.plan(operation, args, actor)
    run = await front.desk.run(plan.id, actor, uuid4().hex, RunPlan(plan.phrase, None))
    return await front.ended(run)


async def claims_told(front: Front, operation: str, actor: Actor) -> list[Caution]:
    """What a plan over all letters says of claims."""
    plan = await front.desk.plan(operation, {"selection": {"all": True}}, actor)
    return [caution for caution in plan.warnings if caution.code == "claimed"]


async def owner(front: Front, group: str) -> Claim | None:
    return (await front.world.claims.one(group)).claim


async def test_a_claim_needs_no_question_and_says_who_and_since_when(front: Front) -> None:
    group = await group_of(front)
    plan = await front.desk.plan("group.claim", {"group": group}, ANN)
    assert plan.confirm is Confirm.NONE
    assert plan.effects[0].subject == "ValueError in queue mail, of kind send"
    async with front.running():
        await does(front, ANN, "group.claim", group=group, note="calling the bank")
    known = await front.world.claims.one(group)
    assert known.claim is not None
    assert known.note is not None
    assert (known.claim.by, known.claim.until, known.note.text, known.note.by) == (
        "ann",
        None,
        "calling the bank",
        "ann",
    )
    assert abs((known.claim.since - datetime.now(UTC)).total_seconds()) < 60


async def test_a_colleague_takes_over_only_what_he_was_told_is_taken(front: Front) -> None:
    group = await group_of(front)
    free = await front.desk.plan("group.claim", {"group": group}, BEN)
    async with front.running():
        await does(front, ANN, "group.claim", group=group)
        with pytest.raises(PlanStale):
            await front.desk.run(free.id, BEN, uuid4().hex, RunPlan(None, None))
        plan = await front.desk.plan("group.claim", {"group": group}, BEN)
        assert plan.confirm is Confirm.YES
        assert plan.effects[1].change.startswith("claimed by ann since ")
        await does(front, BEN, "group.claim", group=group)
    claim = await owner(front, group)
    assert claim is not None
    assert claim.by == "ben"


async def test_of_two_that_claim_at_once_one_has_it_and_the_other_is_told(front: Front) -> None:
    group = await group_of(front)
    plans = [await front.desk.plan("group.claim", {"group": group}, actor) for actor in (ANN, BEN)]
    runs = [
        await front.desk.run(plan.id, actor, uuid4().hex, RunPlan(None, None))
        for plan, actor in zip(plans, (ANN, BEN), strict=True)
    ]
    async with front.running():
        ended = await asyncio.gather(*(front.ended(run) for run in runs))
    assert sorted((run.moved, run.conflict) for run in ended) == [(0, 1), (1, 0)]
    (lost,) = [run for run in ended if run.conflict]
    (item,) = await front.items(lost)
    assert (item.outcome, item.detail) == (Outcome.CONFLICT, "a colleague was quicker: look who is on it")


async def test_only_its_owner_releases_a_claim(front: Front) -> None:
    group = await group_of(front)
    with pytest.raises(Invalid, match="nobody is on group"):
        await front.desk.plan("group.release", {"group": group}, ANN)
    async with front.running():
        await does(front, ANN, "group.claim", group=group)
        refused = await does(front, BEN, "group.release", group=group)
        (item,) = await front.items(refused)
        assert (refused.conflict, item.detail) == (1, "ann is on it, not ben: claim it instead")
        assert (await does(front, ANN, "group.release", group=group)).moved == 1
    assert await owner(front, group) is None


async def test_a_claim_ends_by_itself_when_its_end_has_come(front: Front) -> None:
    group = await group_of(front)
    with pytest.raises(Invalid, match="in the past"):
        await front.desk.plan("group.claim", {"group": group, "until": "2020-01-01T00:00:00Z"}, ANN)
    soon = datetime.now(UTC) + timedelta(hours=1)
    async with front.running():
        await does(front, ANN, "group.claim", group=group, until=soon.isoformat())
        claim = await owner(front, group)
        assert claim is not None
        assert claim.until == soon
        async with front.engine.begin() as connection:
            await connection.execute(text("UPDATE graveshift_ledger.claims SET until = now() - interval '1 second'"))
        assert await owner(front, group) is None
        assert (await front.desk.plan("group.claim", {"group": group}, BEN)).confirm is Confirm.NONE
        await does(front, BEN, "group.claim", group=group)
    assert (await owner(front, group) or Claim("", soon)).by == "ben"


async def test_a_note_outlives_the_claim_is_replaced_and_taken_away(front: Front) -> None:
    group = await group_of(front)
    async with front.running():
        await does(front, ANN, "group.claim", group=group, note="the bank is down")
        await does(front, ANN, "group.release", group=group)
        await does(front, BEN, "group.note", group=group, note="back at nine")
        note = (await front.world.claims.one(group)).note
        assert note is not None
        assert (note.text, note.by) == ("back at nine", "ben")
        await does(front, BEN, "group.note", group=group, note=None)
    assert (await front.world.claims.one(group)).note is None


async def test_what_is_over_is_forgotten_and_a_note_stays_without_the_claim_it_stood_beside(front: Front) -> None:
    group, book = await group_of(front), front.world.claims
    async with front.running():
        await does(front, ANN, "group.claim", group=group, note="the bank is down")
    assert await book.prune() == 0
    async with front.engine.begin() as connection:
        for one in ("native:gone/a/x", "native:gone/b/y"):
            await connection.execute(
                text("INSERT INTO graveshift_ledger.claims (group_id, owner, since) VALUES (:id, 'ben', now())"),
                {"id": one},
            )
        await connection.execute(text("UPDATE graveshift_ledger.claims SET until = now() WHERE group_id LIKE '%/a/x'"))
        await connection.execute(
            text("UPDATE graveshift_ledger.claims SET until = now() WHERE group_id = :id"), {"id": group}
        )
    assert await book.prune() > 0
    async with front.engine.begin() as connection:
        left = (await connection.execute(text("SELECT group_id, owner, note FROM graveshift_ledger.claims"))).all()
    assert set(left) == {(group, None, "the bank is down"), ("native:gone/b/y", "ben", None)}
    assert await book.prune() == 0


async def test_plans_of_others_say_who_is_on_it_and_ones_own_do_not(front: Front) -> None:
    group = await group_of(front)
    async with front.running():
        await does(front, ANN, "group.claim", group=group, note="calling the bank")
    claim = await owner(front, group)
    assert claim is not None
    for operation in ("dlq.requeue", "dlq.discard"):
        (said,) = await claims_told(front, operation, BEN)
        assert said.words == f'ann is on it since {claim.since:%Y-%m-%d %H:%M:%SZ}: "calling the bank"'
        assert (said.n, said.of) == (2, None)
        assert await claims_told(front, operation, ANN) == []


async def test_a_count_that_the_roll_up_knows_is_of_all_and_of_no_sample(
    front: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    group = await group_of(front)
    async with front.running():
        await does(front, ANN, "group.claim", group=group)
    monkeypatch.setattr(surveying, "SAMPLE", 1)
    (said,) = await claims_told(front, "dlq.requeue", BEN)
    assert (said.n, said.of) == (2, None)


async def test_of_several_causes_the_claimed_one_is_named_and_who_wrote_the_note(front: Front) -> None:
    group = await group_of(front)
    await front.letters(1, queue="parse")
    async with front.running():
        await does(front, ANN, "group.claim", group=group)
        await does(front, BEN, "group.note", group=group, note="back at nine")
    (said,) = await claims_told(front, "dlq.requeue", BEN)
    assert said.words.startswith("ann is on ValueError since ")
    assert said.words.endswith('; ben wrote "back at nine"')
    async with front.running():
        await does(front, ANN, "group.release", group=group)
    assert await claims_told(front, "dlq.requeue", BEN) == []


async def test_what_is_no_group_is_not_found_and_a_viewer_claims_nothing(front: Front) -> None:
    for verb in ("group.claim", "group.release", "group.note"):
        args = {"group": "native:no/such/thing"} | ({"note": "x"} if verb == "group.note" else {})
        with pytest.raises(NotFound):
            await front.desk.plan(verb, args, ANN)


async def test_over_http_groups_and_overview_say_who_is_on_it_and_listeners_hear_of_it(
    database: str, tmp_path: Path
) -> None:
    async with serving(database, tmp_path) as service, service.client(Role.OPERATOR) as client:
        await service.rows(failing_letters(10))
        group = (await client.get("/v1/groups")).json()["items"][0]
        assert (group["claim"], group["note"]) == (None, None)
        with service.hub.subscribe() as heard:
            await until(lambda: service.hub.listeners == 1)
            await asyncio.sleep(0.6)
            async with service.queue.source._engine.begin() as connection:
                await connection.execute(
                    text("INSERT INTO graveshift_ledger.claims (group_id, owner, since) VALUES (:id, 'ben', now())"),
                    {"id": group["id"]},
                )
            found = set()
            while "groups" not in found:
                event = await heard.next(5)
                assert event is not None
                found.add(event.hint.resource)
        for seen in (
            (await client.get("/v1/groups")).json()["items"],
            (await client.get("/v1/overview")).json()["groups"],
        ):
            assert [one["claim"]["by"] for one in seen if one["id"] == group["id"]] == ["ben"]
