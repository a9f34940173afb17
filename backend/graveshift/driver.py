"""The ports to a queue system: what graveshift asks of every system it watches, and what it may answer."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from msgspec import Struct

from graveshift.back import AS_IT_WAS, Alike, Back
from graveshift.seen import Explained, Pace
from graveshift.touch import Held, Order
from graveshift.wire.dlq import Letter, LetterDetail
from graveshift.wire.groups import Group, Requeued
from graveshift.wire.jobs import Job, JobDetail
from graveshift.wire.page import Page, Sort
from graveshift.wire.queues import Limit, Queue
from graveshift.wire.runs import Outcome
from graveshift.wire.selection import Filter
from graveshift.wire.trash import Discarded, DiscardedDetail
from graveshift.wire.workers import Wish, Worker


class Can(StrEnum):
    """What a system can do; a verb that needs what is missing here is not offered for it.

    `transact`: effects join the ledger's own transaction, so that an outcome is never in doubt. `trash`: what is
    discarded can be restored; where it is missing a discard is final. `alter`: a letter may come
    back otherwise than it was.
    """

    REQUEUE = "requeue"
    RECALL = "recall"
    DISCARD = "discard"
    TRASH = "trash"
    PAUSE = "pause"
    CANCEL = "cancel"
    WORKERS = "workers"
    STEER = "steer"
    TOUCH = "touch"
    DRAIN = "drain"
    LIMIT = "limit"
    ALTER = "alter"
    TRANSACT = "transact"


class Move(StrEnum):
    """Where a letter goes."""

    REQUEUE = "requeue"
    DISCARD = "discard"


class Unit(Protocol):
    """One transaction in the ledger's database. A driver that can `transact` works inside it; others ignore it."""

    async def execute(self, statement: Any, parameters: Mapping[str, Any] | None = None) -> Any:
        """Run one SQLAlchemy statement; returns its SQLAlchemy result."""

    async def prepare(self, statement: Any) -> None:
        """The same for one that changes and locks nothing: it need not wait for whoever is ahead of this one."""


class Frozen(Struct, frozen=True):
    """A moment that a selection is frozen at: rows that `snapshot` cannot see are not in it.

    `snapshot` is PostgreSQL's `pg_snapshot` text for systems in the ledger's database; `cutoff` is its time.
    """

    snapshot: str
    cutoff: datetime


class Count(Struct, frozen=True):
    """`exact` False means that counting stopped at `n`."""

    n: int
    exact: bool = True


class Verdict(Struct, frozen=True):
    """What became of one thing a chunk acted on. `job_id` and `id` are public ids."""

    id: str
    outcome: Outcome
    detail: str | None = None
    job_id: str | None = None


class Fates(Struct, frozen=True):
    """What became of the jobs that a run moved, by now: `waiting` for their first attempt, `retrying` for another one.

    `discarded` are those of its letters still in the trash.
    """

    waiting: int
    running: int
    done: int
    dead: int
    discarded: int = 0
    retrying: int = 0


class ShownLetters(Protocol):
    """Dead letters of one system, to look at, by the time of death."""

    async def page(self, chosen: Filter, cursor: str | None, limit: int, sort: Sort = Sort.NEWEST) -> Page[Letter]: ...

    async def one(self, native: str) -> LetterDetail | None: ...

    async def groups(self, chosen: Filter, cursor: str | None, limit: int) -> Page[Group]:
        """Groups with `dead + retrying > 0`, the fastest growing first, then the largest."""

    async def group(self, native: str) -> Group | None: ...

    async def explain(self, native: str) -> Explained | None:
        """More about one group; None for what is no id of one."""

    async def requeues(self, native: str, limit: int) -> Sequence[Requeued] | None:
        """The last runs that requeued letters of a group, newest first and by nobody; None: the system cannot say."""

    async def failing(self) -> Pace | None: ...

    async def carried(self, chosen: Filter, limit: int) -> Sequence[bytes]:
        """What the newest so many letters that match carry, as it was sent, but for what is long.

        It may be fewer than there are, as a page may be short; none where payloads are not ours to read.
        """


class Letters(ShownLetters, Protocol):
    """The same, and to select from; picks are oldest first."""

    system: str

    async def freeze(self) -> Frozen: ...

    async def count(self, chosen: Filter, frozen: Frozen | None = None) -> Count:
        """Letters that match: from the roll-up where it can tell, else counted to 10,001 (then 10,000, not exact)."""

    async def arrived(self, chosen: Filter, frozen: Frozen) -> Count:
        """Letters that match now and were not there at `frozen`."""

    async def pick(self, chosen: Filter, frozen: Frozen, after: str | None, limit: int) -> Sequence[str]:
        """Native ids of letters visible at `frozen`, in order of death, strictly after the native id `after`."""

    async def survey(self, letters: Sequence[str], queue: str | None = None) -> Sequence[Alike]:
        """Those of these native ids that are letters still, by what they have in common; see `Alike`."""


class Trash(Protocol):
    """Discarded letters of one system. Pages are newest discarded first; picks are in the order of job ids.

    Of a filter `run_id` is the run that discarded them, and `text` has no meaning.
    """

    system: str

    async def page(self, chosen: Filter, cursor: str | None, limit: int) -> Page[Discarded]: ...

    async def one(self, native: str) -> DiscardedDetail | None: ...

    async def standing(self, letters: Sequence[str]) -> Sequence[str]:
        """Those of these native ids that are in the trash."""

    async def freeze(self) -> Frozen: ...

    async def count(self, chosen: Filter, frozen: Frozen | None = None) -> Count: ...

    async def arrived(self, chosen: Filter, frozen: Frozen) -> Count: ...

    async def pick(self, chosen: Filter, frozen: Frozen, after: str | None, limit: int) -> Sequence[str]: ...


class ShownJobs(Protocol):
    """Jobs of one system, live and ended, to look at, by id."""

    async def page(self, chosen: Filter, cursor: str | None, limit: int, sort: Sort = Sort.NEWEST) -> Page[Job]: ...

    async def one(self, native: str) -> JobDetail | None: ...


class Jobs(ShownJobs, Protocol):
    """The same, and to select from; picks are oldest first and live jobs only."""

    system: str

    async def freeze(self) -> Frozen: ...

    async def count(self, chosen: Filter, frozen: Frozen | None = None) -> Count: ...

    async def arrived(self, chosen: Filter, frozen: Frozen) -> Count: ...

    async def pick(self, chosen: Filter, frozen: Frozen, after: str | None, limit: int) -> Sequence[str]: ...

    async def holds(self, jobs: Sequence[str]) -> Sequence[Held]:
        """How those of these native ids that are held are held, the most first."""


class Scan(Struct, frozen=True):
    """Letters found since a mark, and the mark to ask with next time; `more` says that another scan would find more.

    `vanished` are native ids that were letters and no longer are.
    """

    letters: Sequence[Letter]
    mark: str
    more: bool = False
    vanished: Sequence[str] = ()


class ShownSource(Protocol):
    """Queues and workers of one system, to look at."""

    async def queues(self) -> Sequence[Queue]: ...

    async def queue(self, native: str) -> Queue | None: ...

    async def workers(self) -> Sequence[Worker]: ...


class Source(ShownSource, Protocol):
    """One queue system. Ids given and taken are native; ids inside returned structs are public."""

    system: str
    can: frozenset[Can]

    async def scan(self, mark: str | None, limit: int) -> Scan:
        """Letters new since `mark`, for systems whose letters are indexed by us."""

    async def standing(self, letters: Sequence[str]) -> Sequence[str]:
        """Those of these native ids that are letters still; how an index notices what left behind its back."""

    async def fetch(self, native: str) -> LetterDetail | None:
        """One letter with payload, traceback and history, straight from the system."""

    async def payloads(self, letters: Sequence[str]) -> Mapping[str, str]:
        """The payloads of those of these native ids that are letters still, JSON text as it was sent."""

    async def move(
        self, unit: Unit, letters: Sequence[str], to: Move, run_id: int, *, back: Back = AS_IT_WAS
    ) -> Sequence[Verdict]:
        """Move these letters, each only if it is still a letter: one verdict a letter, in any order.

        `back` is how a requeue brings them back. Repeating it after a crash is safe: what this run has already moved
        is `moved` again, not `gone`.
        """

    async def recall(self, unit: Unit, letters: Sequence[str], run_id: int) -> Sequence[Verdict]:
        """Take back what run `run_id` requeued and no worker has started: each letter is as it was, its payload too."""

    async def restore(
        self, unit: Unit, letters: Sequence[str], run_id: int, of_run: int | None = None
    ) -> Sequence[Verdict]:
        """Bring these back from the trash as the letters they were; only what run `of_run` discarded, where given."""

    async def erase(self, unit: Unit, letters: Sequence[str], run_id: int) -> Sequence[Verdict]:
        """These leave the trash for good, and what they carried with them."""

    async def fates(self, run_id: int) -> Fates | None:
        """What became of what this run requeued; None where the system cannot say."""

    async def pause(self, unit: Unit, queue: str, until: datetime | None, reason: str | None, actor: str) -> None: ...

    async def resume(self, unit: Unit, queue: str) -> None: ...

    async def steer(self, unit: Unit, worker: str, wish: Wish, actor: str) -> Verdict:
        """Tell a worker what is wanted of it; `conflict` where it is ending already, `gone` where there is none."""

    async def cancel(self, unit: Unit, jobs: Sequence[str], run_id: int) -> Sequence[Verdict]:
        """Unstarted jobs become cancelled (`moved`); running ones are asked to stop (`moved`, detail says so)."""

    async def touch(self, unit: Unit, jobs: Sequence[str], order: Order) -> Sequence[Verdict]:
        """One verdict a job, in any order: `conflict` for what runs, `gone` for what has ended or is not held."""

    async def drain(self, unit: Unit, queue: str, reason: str | None, actor: str) -> None:
        """The queue takes no new jobs until it is resumed; what is in it goes on."""

    async def limit(self, unit: Unit, queue: str, limit: Limit) -> None:
        """Hand out no more than this from the next claim on, instead of what was the limit; what runs goes on."""
