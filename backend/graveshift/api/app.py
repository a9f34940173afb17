"""The application: the table behind one door, with our own answers for everything that goes wrong."""

from typing import Any

import msgspec
from litestar import Litestar, Request, Response
from litestar.datastructures import State

from graveshift.api import problems
from graveshift.api.door import Door
from graveshift.api.endpoint import Call
from graveshift.api.exposition import Metrics
from graveshift.api.meter import UNMATCHED, Meter
from graveshift.api.ports import Rooms
from graveshift.api.schema import describe
from graveshift.api.table import endpoints


def create_app(rooms: Rooms) -> Litestar:
    """Ready to be served; `app.state.closing` is set by whoever is about to stop it."""
    meter = Meter()
    door = Door(rooms, meter)

    async def schema(call: Call) -> Response[bytes]:
        return Response(document, media_type="application/json")

    table = endpoints(Metrics(meter), schema)
    document = msgspec.json.encode(describe(table))

    def refuse(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
        response = problems.answer(request, error)
        meter.count(request.method, UNMATCHED, response.status_code or 500, 0.0)
        return response

    return Litestar(
        [door.route(endpoint) for endpoint in table],
        exception_handlers={Exception: refuse},
        openapi_config=None,
        logging_config=None,
        request_max_body_size=rooms.api.body_limit_bytes,
        state=State({"closing": door.closing}),
        debug=False,
    )
