"""Everything the first screen needs, in one round trip."""

from datetime import datetime

from msgspec import Struct

from graveshift.wire.backups import Backup
from graveshift.wire.groups import Group
from graveshift.wire.queues import Queue
from graveshift.wire.runs import Run
from graveshift.wire.secrets import SecretInfo
from graveshift.wire.workers import Worker


class Totals(Struct, frozen=True):
    """Sums over every queue that can say; `failing_per_min` is failed attempts, `trend` the same of the last hour.

    A number for each minute, oldest first: the last one begins at `minute`, and is not over. `in_trend` is the jobs
    enqueued in each of the same minutes; empty: cannot say.
    """

    waiting: int
    retrying: int
    scheduled: int
    running: int
    dead: int
    groups: int
    in_per_s: float
    out_per_s: float
    dead_per_min: float
    failing_per_min: float
    trend: list[int]
    in_trend: list[int] = []
    minute: datetime | None = None


class Environment(Struct, frozen=True):
    """Where this is. `colour` is a name that every theme knows (`red`, `amber`, `green`, `blue`, `grey`)."""

    name: str
    host: str
    colour: str
    version: str
    demo: bool = False


class Overview(Struct, frozen=True):
    """Lists are cut to what one screen can use: problem rows first. `actor` and `role` are of the token that asked."""

    as_of: datetime
    environment: Environment
    actor: str
    role: str
    totals: Totals
    queues: list[Queue]
    groups: list[Group]
    runs: list[Run]
    workers: list[Worker]
    backups: list[Backup]
    secrets: list[SecretInfo]
