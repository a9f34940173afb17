"""What changes something: plans and runs through the Desk, and jobs from producers."""

from msgspec import structs

from graveshift.api.bodies import read, read_jobs
from graveshift.api.endpoint import Call
from graveshift.api.following import tried
from graveshift.api.resources import number
from graveshift.errors import Invalid, KeyMissing, NotFound
from graveshift.wire import ids
from graveshift.wire.jobs import Enqueued
from graveshift.wire.marks import Marked, NewMark
from graveshift.wire.operations import OperationInfo
from graveshift.wire.page import Page
from graveshift.wire.plans import NewPlan, Plan, RunPlan
from graveshift.wire.runs import Item, Rate, Run

KEY = "Idempotency-Key"


async def operations(call: Call) -> list[OperationInfo]:
    """What this token may do here."""
    return call.rooms.desk.operations(call.actor)


async def plan(call: Call) -> Plan:
    """Reads only."""
    asked = read(call.body, NewPlan)
    return await call.rooms.desk.plan(asked.operation, asked.args, call.actor)


async def plan_again(call: Call) -> Plan:
    """The same plan, with `arrived_since` as of now."""
    number(call.id)
    return await call.rooms.desk.again(call.id)


async def run(call: Call) -> Run:
    """The same key with the same body gives the run that is there."""
    number(call.id)
    key = call.request.headers.get(KEY, "").strip()
    if not key:
        raise KeyMissing
    if len(key) > 255 or not key.isprintable():
        raise Invalid(f"{KEY} is at most 255 printable characters")
    return await call.rooms.desk.run(call.id, call.actor, key, read(call.body, RunPlan))


async def items(call: Call) -> Page[Item]:
    """What became of each thing a run acted on."""
    found = number(call.id)
    run = await call.rooms.runs.one(found)
    if run is None:
        raise NotFound
    page = await call.rooms.runs.items.page(found, call.query.cursor, call.query.limit)
    return structs.replace(page, items=await tried(call.rooms, run, page.items))


async def cancel(call: Call) -> Run:
    """Stop after the chunk under way."""
    return await _steer(call, "cancel")


async def pause(call: Call) -> Run:
    """Hold after the chunk under way."""
    return await _steer(call, "pause")


async def resume(call: Call) -> Run:
    """Go on."""
    return await _steer(call, "resume")


async def rate(call: Call) -> Run:
    """From the next chunk on."""
    number(call.id)
    asked = read(call.body, Rate)
    return await call.rooms.desk.rate(call.id, asked.per_s, call.actor)


async def enqueue(call: Call) -> Enqueued:
    """All in one transaction."""
    jobs = read_jobs(call.body)
    found = await call.rooms.work.enqueue(jobs.jobs)
    return Enqueued([ids.encode(call.rooms.system, str(id)) for id in found])


async def mark(call: Call) -> Marked:
    """A deploy or another change, as a pipeline tells it."""
    return Marked(await call.rooms.marks.add(read(call.body, NewMark), call.actor))


async def _steer(call: Call, act: str) -> Run:
    number(call.id)
    return await call.rooms.desk.steer(call.id, act, call.actor)
