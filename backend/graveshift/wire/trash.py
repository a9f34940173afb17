"""The trash: letters that were discarded, as they were, until they are restored or past keeping."""

from datetime import datetime

from graveshift.wire.dlq import Letter, LetterDetail


class Discarded(Letter, frozen=True, kw_only=True):
    """A letter in the trash keeps its id; `discarded_by` is the run that put it there."""

    discarded_at: datetime
    discarded_by: str


class DiscardedDetail(LetterDetail, frozen=True, kw_only=True):
    """The same with everything that was kept of the letter."""

    discarded_at: datetime
    discarded_by: str
