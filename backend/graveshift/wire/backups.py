"""Backups: only one that was restored and compared is `verified`."""

from datetime import datetime
from enum import StrEnum

from msgspec import Struct


class BackupState(StrEnum):
    """Only `verified` is proven."""

    RUNNING = "running"
    WRITTEN = "written"
    VERIFIED = "verified"
    FAILED = "failed"


class Backup(Struct, frozen=True, kw_only=True):
    """`sha256` is of the file at `location`; `verified_at` is when its restore was compared and found whole;
    `error` says why a failed one failed.
    """

    id: str
    state: BackupState
    created_at: datetime
    verified_at: datetime | None = None
    size_bytes: int | None = None
    sha256: str | None = None
    location: str | None = None
    run_id: str | None = None
    error: str | None = None
