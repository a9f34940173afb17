"""What the settings say of causes, put together once."""

from collections.abc import Callable

from msgspec import Struct

from graveshift.delivery import Delivery
from graveshift.runbooks import Runbooks
from graveshift.wire.plans import Forecast


class Lore(Struct, frozen=True):
    """What settings say of causes; `rate_per_s` is how fast a requeue that names no rate would go.

    `foretell` says what a requeue of so many letters at that rate would take; None: nothing is foretold.
    """

    delivery: Delivery = Delivery()
    runbooks: Runbooks = Runbooks()
    rate_per_s: float | None = None
    foretell: Callable[[int], Forecast] | None = None
