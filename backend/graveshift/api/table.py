"""The table of the API: every path there is."""

from collections.abc import Awaitable, Callable
from types import GenericAlias
from typing import Any

from graveshift import errors
from graveshift.api import health, querying, verbs
from graveshift.api.causes import faceted
from graveshift.api.endpoint import Call, Endpoint
from graveshift.api.exporting import EXPORT_QUERY, export
from graveshift.api.overview import overview
from graveshift.api.queries import FacetQuery, HelpQuery, PageQuery, SeriesQuery, both, chosen, page_query
from graveshift.api.resources import RESOURCES, Resource, split
from graveshift.api.revealing import revealed
from graveshift.api.stream import events
from graveshift.errors import NotFound
from graveshift.wire.dlq import LetterDetail
from graveshift.wire.filters import NewSecret, QueryHelp, Token
from graveshift.wire.groups import Faceted
from graveshift.wire.health import Health
from graveshift.wire.jobs import Enqueued, NewJob, NewJobs
from graveshift.wire.marks import Marked, NewMark
from graveshift.wire.operations import OperationInfo, Role
from graveshift.wire.overview import Overview
from graveshift.wire.page import Page
from graveshift.wire.plans import NewPlan, Plan, RunPlan
from graveshift.wire.runs import Item, Rate, Run
from graveshift.wire.selection import Filter
from graveshift.wire.series import Series

REFUSALS = (errors.PlanStale, errors.PlanUsed, errors.PlanExpired, errors.PhraseMismatch, errors.KeyReused)


def endpoints(metrics: Callable[[Call], Awaitable[Any]], schema: Callable[[Call], Awaitable[Any]]) -> list[Endpoint]:
    """All of them; `metrics` and `schema` are built by the app."""
    listed = [one for resource in RESOURCES for one in _of(resource)]
    return [*listed, *READS, *CHANGES, *_public(metrics, schema)]


def _of(resource: Resource) -> tuple[Endpoint, Endpoint]:
    async def page(call: Call) -> Any:
        order = {"sort": call.query.sort} if resource.sorts else {}
        wanted = await filtered(call, resource)
        return await resource.page(call.rooms, wanted, call.query.cursor, call.query.limit, **order)

    async def one(call: Call) -> Any:
        found = await resource.one(call.rooms, call.id)
        if found is None:
            raise NotFound
        return found

    name, path = resource.name, f"/v1/{resource.name}"
    query = page_query(name, resource.fields, sorts=resource.sorts)
    answers, refusals = GenericAlias(Page, (resource.item,)), (errors.Unreadable,) if resource.fields else ()
    return (
        Endpoint(path=path, title=f"A page of {name}", act=page, query=query, answers=answers, errors=refusals),
        Endpoint(path=f"{path}/{{id:str}}", title=f"One of {name}", act=one, answers=resource.detail),
    )


async def filtered(call: Call, resource: Resource) -> Filter:
    """What the parameters and the text of a filter say together."""
    wanted, text = chosen(call.query), getattr(call.query, "q", None)
    if text is None:
        return wanted
    return both(wanted, await call.rooms.interpreter.filter(text, resource.says, resource.name))


async def _series(call: Call) -> Series:
    query = call.query
    return await call.rooms.history.series(query.name, query.queue, query.range, query.step)


async def _faceted(call: Call) -> Faceted:
    return await faceted(call.rooms, *split(call.id), call.query.by)


READS = (
    Endpoint(path="/v1/overview", title="What the first screen needs", act=overview, answers=Overview),
    Endpoint(path="/v1/series", title="One number over time", act=_series, query=SeriesQuery, answers=Series),
    Endpoint(
        path="/v1/query", title="Help with a filter's text", act=querying.help_with, query=HelpQuery, answers=QueryHelp
    ),
    Endpoint(path="/v1/operations", title="What this token may do", act=verbs.operations, answers=list[OperationInfo]),
    Endpoint(path="/v1/plans/{id:str}", title="A plan, with what arrived since", act=verbs.plan_again, answers=Plan),
    Endpoint(
        path="/v1/groups/{id:str}/facets",
        title="One cause by a payload field, by version or by age",
        act=_faceted,
        query=FacetQuery,
        answers=Faceted,
    ),
    Endpoint(
        path="/v1/runs/{id:str}/items",
        title="What became of each item of a run",
        act=verbs.items,
        query=PageQuery,
        answers=Page[Item],
    ),
    Endpoint(
        path="/v1/runs/{id:str}/revealed",
        title="The letter that a reveal opened, once",
        act=revealed,
        role=Role.OPERATOR,
        answers=LetterDetail,
        errors=(errors.RevealOver,),
    ),
    Endpoint(
        path="/v1/dlq/export",
        title="Letters as JSON lines or CSV, to the last one",
        act=export,
        query=EXPORT_QUERY,
        media_type="application/x-ndjson",
        other_media=("text/csv",),
        answers=str,
        endless=True,
    ),
    Endpoint(
        path="/v1/events", title="Live hints", act=events, media_type="text/event-stream", answers=str, endless=True
    ),
    Endpoint(
        path="/v1/health",
        title="Health, check by check",
        act=health.detail,
        answers=Health,
        blind=health.unrecognised,
    ),
)

# Who may plan, run and steer is for the Desk to say: it keeps what it refused on the record.
CHANGES = (
    Endpoint(
        method="POST",
        path="/v1/plans",
        title="Plan a verb: reads only",
        act=verbs.plan,
        takes=(NewPlan,),
        answers=Plan,
        status=201,
        errors=(errors.SelectionEmpty, errors.Unreadable, errors.Busy),
    ),
    Endpoint(
        method="POST",
        path="/v1/plans/{id:str}/run",
        title="Run a plan",
        act=verbs.run,
        takes=(RunPlan,),
        answers=Run,
        status=202,
        headers=(verbs.KEY,),
        errors=(errors.KeyMissing, *REFUSALS, errors.Busy),
    ),
    *(
        Endpoint(
            method="POST",
            path=f"/v1/runs/{{id:str}}/{act.__name__}",
            title=f"{act.__name__.capitalize()} a run",
            act=act,
            answers=Run,
            status=202,
        )
        for act in (verbs.cancel, verbs.pause, verbs.resume)
    ),
    Endpoint(
        method="POST",
        path="/v1/runs/{id:str}/rate",
        title="Change a run's rate",
        act=verbs.rate,
        takes=(Rate,),
        answers=Run,
        status=202,
    ),
    Endpoint(
        method="POST",
        path="/v1/jobs",
        title="Enqueue one job or up to 1,000",
        act=verbs.enqueue,
        role=Role.OPERATOR,
        takes=(NewJob, NewJobs),
        answers=Enqueued,
        status=201,
        errors=(errors.QueueDraining,),
    ),
    Endpoint(
        method="POST",
        path="/v1/query/secret",
        title="What stands for a secret value in a filter's text",
        act=querying.secret,
        takes=(NewSecret,),
        answers=Token,
    ),
    Endpoint(
        method="POST",
        path="/v1/marks",
        title="Mark a deploy or another change",
        act=verbs.mark,
        role=Role.OPERATOR,
        takes=(NewMark,),
        answers=Marked,
        status=201,
    ),
)


def _public(
    metrics: Callable[[Call], Awaitable[Any]], schema: Callable[[Call], Awaitable[Any]]
) -> tuple[Endpoint, ...]:
    text, document = "text/plain", "/schema/openapi.json"
    return (
        Endpoint(path="/health", title="Health", act=health.public, role=None, answers=Health),
        Endpoint(path="/metrics", title="Metrics", act=metrics, role=None, media_type=text, answers=str),
        Endpoint(path=document, title="This description", act=schema, role=None, answers=dict[str, Any]),
    )
