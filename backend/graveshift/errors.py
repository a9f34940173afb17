"""Everything that can go wrong here, each with a stable code; the docstring is the message."""

from typing import ClassVar


class GraveshiftError(Exception):
    """something went wrong"""

    code: ClassVar[str] = "internal"
    status: ClassVar[int] = 500

    def __init__(self, detail: str = "") -> None:
        super().__init__(detail)
        self.detail = detail
        self.extra: dict[str, int] = {}

    def __str__(self) -> str:
        message = (type(self).__doc__ or "").strip()
        return f"{message}: {self.detail}" if self.detail else message


class SettingsError(GraveshiftError):
    """the settings cannot be used"""

    code = "settings"


class EmbeddedError(GraveshiftError):
    """the private PostgreSQL server cannot be used"""

    code = "embedded"


class CannotListen(GraveshiftError):
    """the API cannot listen there"""

    code = "cannot-listen"


class DatabaseBehind(GraveshiftError):
    """the database schema is behind this version; run `graveshift migrate`"""

    code = "database-behind"


class DatabaseAhead(GraveshiftError):
    """the database schema is not one that this version knows; run the version that made it, or a newer one"""

    code = "database-ahead"


class DatabaseUnavailable(GraveshiftError):
    """the database does not answer"""

    code = "database-unavailable"
    status = 503


class HistoryUnavailable(GraveshiftError):
    """the history does not answer"""

    code = "history-unavailable"
    status = 503


class DatabaseRefused(GraveshiftError):
    """the database refuses that"""

    code = "database-refused"


class Unauthenticated(GraveshiftError):
    """a valid bearer token is needed"""

    code = "unauthenticated"
    status = 401


class NotAllowed(GraveshiftError):
    """this token may not do that"""

    code = "not-allowed"
    status = 403


class NotFound(GraveshiftError):
    """there is no such thing"""

    code = "not-found"
    status = 404


class PlanStale(GraveshiftError):
    """the world has changed since this plan was made; plan again"""

    code = "plan-stale"
    status = 409


class PlanUsed(GraveshiftError):
    """this plan has already been run"""

    code = "plan-used"
    status = 409


class RevealOver(GraveshiftError):
    """there is nothing to show: a reveal is seen once, within a minute, by who asked for it"""

    code = "reveal-over"
    status = 410


class PlanExpired(GraveshiftError):
    """this plan has expired; plan again"""

    code = "plan-expired"
    status = 409


class PhraseMismatch(GraveshiftError):
    """the phrase is not the one the plan asks for"""

    code = "phrase-mismatch"
    status = 422


class SelectionEmpty(GraveshiftError):
    """an empty filter selects everything and is refused; say `all` to mean all"""

    code = "selection-empty"
    status = 422


class KeyReused(GraveshiftError):
    """this Idempotency-Key was used for another request"""

    code = "key-reused"
    status = 422


class KeyMissing(GraveshiftError):
    """an Idempotency-Key header is needed"""

    code = "key-missing"
    status = 400


class Busy(GraveshiftError):
    """another run is at work on this"""

    code = "busy"
    status = 409


class QueueDraining(GraveshiftError):
    """this queue is draining and takes no new jobs"""

    code = "queue-draining"
    status = 409


class Invalid(GraveshiftError):
    """the request is not valid"""

    code = "invalid"
    status = 422


class Unreadable(GraveshiftError):
    """the filter cannot be understood"""

    code = "query-unreadable"
    status = 422

    def __init__(self, detail: str = "", offset: int = 0, length: int = 0) -> None:
        super().__init__(detail)
        self.extra = {"offset": offset, "length": length}


class TooLarge(GraveshiftError):
    """the request is too large"""

    code = "too-large"
    status = 413


class MethodNotAllowed(GraveshiftError):
    """this path does not take that method"""

    code = "method-not-allowed"
    status = 405


class UnsupportedMediaType(GraveshiftError):
    """the body must be application/json"""

    code = "unsupported-media-type"
    status = 415


class TimedOut(GraveshiftError):
    """the request took too long and was given up"""

    code = "timed-out"
    status = 503


class AuditUnavailable(GraveshiftError):
    """the record cannot be written, so nothing was done"""

    code = "audit-unavailable"
    status = 503


class Fenced(GraveshiftError):
    """this was given to another"""

    code = "fenced"


class Unsupported(GraveshiftError):
    """this system cannot do that"""

    code = "invalid"
    status = 422


class NoSpace(GraveshiftError):
    """there is not enough room on the disk"""

    code = "no-space"
    status = 409


class BackupFailed(GraveshiftError):
    """the backup could not be made or proven"""

    code = "backup-failed"


class KeyFileRefused(GraveshiftError):
    """the key file of the vault cannot be used"""

    code = "key-file"


class VaultSealed(GraveshiftError):
    """a secret in the vault cannot be opened"""

    code = "vault-sealed"


class RotationFailed(GraveshiftError):
    """the secret could not be rotated"""

    code = "rotation-failed"
