"""What can be set, from config/graveshift.yaml, a file of one's own and GRAVESHIFT_* variables, as frozen types."""

from typing import Annotated

from msgspec import Meta, Struct

Seconds = Annotated[float, Meta(gt=0)]
Port = Annotated[int, Meta(ge=0, le=65535)]


class EnvironmentSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """The band on every screen. `colour` is one of red amber green blue grey."""

    name: str = "LOCAL"
    colour: str = "blue"


class DatabaseSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """`url` null means the private server in `data_dir` (null: the state folder), from `bin_dir` or the wheel.

    `login_file` holds `user:password` for new connections, instead of those in the URL: rotation replaces it.
    """

    url: str | None = None
    login_file: str | None = None
    bin_dir: str | None = None
    data_dir: str | None = None
    pool_size: Annotated[int, Meta(ge=2, le=200)] = 10


class ApiSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """`socket` is a path; where it is set the API listens there and on no port."""

    host: str = "127.0.0.1"
    port: Port = 8470
    socket: str | None = None
    body_limit_bytes: int = 1_048_576
    request_timeout_s: Seconds = 30
    graceful_s: Seconds = 5


class QueueSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """`crash_limit` lone crashes make a job poison; ended jobs are kept `keep_days`."""

    system: str = "native"
    lease_s: Seconds = 30
    crash_limit: Annotated[int, Meta(ge=1, le=100)] = 3
    keep_days: Annotated[int, Meta(ge=1, le=3650)] = 30


class WorkerSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """`time_limit_s` is per attempt; back-off is `backoff_s` doubled each time up to `backoff_max_s`, jittered."""

    concurrency: Annotated[int, Meta(ge=1, le=1000)] = 10
    batch: Annotated[int, Meta(ge=1, le=1000)] = 10
    grace_s: Seconds = 25
    time_limit_s: Seconds = 300
    backoff_s: Seconds = 2
    backoff_max_s: Seconds = 3600


class DeskSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """Plans expire; runs start at `rate_per_s` and are carried out in chunks under a lease."""

    plan_expires_s: Seconds = 900
    rate_per_s: Seconds = 50
    chunk: Annotated[int, Meta(ge=1, le=1000)] = 1000
    lease_s: Seconds = 15


class LoopSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """How often the clockwork turns, in seconds."""

    roll_up_s: Seconds = 1
    sweep_s: Seconds = 5
    sample_s: Seconds = 10
    index_s: Seconds = 2
    prune_s: Seconds = 3600
    tidy_s: Seconds = 60
    samples_keep_s: Seconds = 86_400


class BackupSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """`dir` null means `backups` in the state folder."""

    dir: str | None = None


class SecretSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """`key_file` is 32 random bytes, mode 0400 (null: made in the state folder); both verify for `grace_s`."""

    key_file: str | None = None
    grace_s: Seconds = 3600
    max_age_s: Seconds = 7_776_000


class PrometheusSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """Where `url` is set, series come from there instead of from our own samples."""

    url: str | None = None
    timeout_s: Seconds = 3


class SourceSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """Another queue system to watch: `driver` names its kind, `system` is what we call it."""

    driver: str
    system: Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
    url: str


class Settings(Struct, frozen=True, forbid_unknown_fields=True):
    """Everything. `state_dir` null means $XDG_STATE_HOME/graveshift, or /var/lib/graveshift as root."""

    state_dir: str | None = None
    environment: EnvironmentSettings = EnvironmentSettings()
    database: DatabaseSettings = DatabaseSettings()
    api: ApiSettings = ApiSettings()
    queue: QueueSettings = QueueSettings()
    worker: WorkerSettings = WorkerSettings()
    desk: DeskSettings = DeskSettings()
    loops: LoopSettings = LoopSettings()
    backup: BackupSettings = BackupSettings()
    secrets: SecretSettings = SecretSettings()
    prometheus: PrometheusSettings = PrometheusSettings()
    sources: list[SourceSettings] = []
