"""Every verb there is, by its name: what the Desk takes orders for and the runner carries."""

from collections.abc import Mapping

from graveshift.operation import Operation
from graveshift.operations.backup import CreateBackup
from graveshift.operations.cancel import Cancel
from graveshift.operations.claims import ClaimGroup, NoteGroup, ReleaseGroup
from graveshift.operations.discard import Discard
from graveshift.operations.drain import DrainQueue
from graveshift.operations.filters import DropFilter, SaveFilter
from graveshift.operations.limit import LimitQueue
from graveshift.operations.pause import Pause
from graveshift.operations.purge import Purge
from graveshift.operations.requeue import Requeue
from graveshift.operations.restore import Empty, Restore
from graveshift.operations.resume import Resume
from graveshift.operations.reveal import Reveal
from graveshift.operations.rotate import RotateSecret
from graveshift.operations.schedules import FireSchedule, PauseSchedule, ResumeSchedule
from graveshift.operations.steer import Drain, Quiet, Stop, Wake
from graveshift.operations.touching import Bury, Hold, Release, Retry
from graveshift.operations.undo import Undo

OPERATIONS: Mapping[str, type[Operation]] = {
    kind.name: kind
    for kind in (
        Requeue,
        Discard,
        Reveal,
        Restore,
        Empty,
        Undo,
        Pause,
        Resume,
        Cancel,
        Quiet,
        Wake,
        Drain,
        Stop,
        Hold,
        Release,
        Bury,
        Retry,
        Purge,
        DrainQueue,
        LimitQueue,
        FireSchedule,
        PauseSchedule,
        ResumeSchedule,
        SaveFilter,
        DropFilter,
        ClaimGroup,
        ReleaseGroup,
        NoteGroup,
        CreateBackup,
        RotateSecret,
    )
}
