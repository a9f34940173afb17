"""What the settings say of causes, put together once."""

from msgspec import Struct

from graveshift.delivery import Delivery
from graveshift.runbooks import Runbooks


class Lore(Struct, frozen=True):
    """What settings say of causes; `rate_per_s` is how fast a requeue that names no rate would go."""

    delivery: Delivery = Delivery()
    runbooks: Runbooks = Runbooks()
    rate_per_s: float | None = None
