"""What can be set, from config/graveshift.yaml, a file of one's own and GRAVESHIFT_* variables, as frozen types."""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from msgspec import Meta, Struct, field

from graveshift.drip import NAMED, DripSettings, NotifierSettings, ProbeSettings
from graveshift.errors import SettingsError
from graveshift.given import Given, converted, entries, fields, known, mapping
from graveshift.rules import DeliverySettings, FingerprintSettings, RunbookRule, shipped_runbooks
from graveshift.schedule import ENTRY, Schedule
from graveshift.tracing import TracingSettings
from graveshift.wire.jobs import NAME, NAME_WORDS
from graveshift.wire.runs import PerSecond

Seconds = Annotated[float, Meta(gt=0)]
Days = Annotated[int, Meta(ge=1, le=3650)]
Port = Annotated[int, Meta(ge=0, le=65535)]


class EnvironmentSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """The band on every screen."""

    name: str = "LOCAL"
    colour: Literal["red", "amber", "green", "blue", "grey"] = "blue"


class DatabaseSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """`url` null means the private server in `data_dir` (null: the state folder), from `bin_dir` or the wheel.

    `login_file` holds `user:password` for new connections, instead of those in the URL: rotation replaces it.
    `pooler` is what stands behind `url`; `direct_url` leads past it. `replica_url` serves reads while it is no more
    than `replica_lag_s` behind.
    """

    url: str | None = None
    pooler: Literal["none", "transaction"] = "none"
    direct_url: str | None = None
    replica_url: str | None = None
    replica_lag_s: Seconds = 5
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
    """`crash_limit` lone crashes make a job poison; `keep_days` is of ended jobs, and what is dead has its own."""

    system: str = "native"
    lease_s: Seconds = 30
    crash_limit: Annotated[int, Meta(ge=1, le=100)] = 3
    keep_days: Days = 30
    keep_dead_days: Days = 30
    keep_trash_days: Days = 7


class Share(Struct, frozen=True, forbid_unknown_fields=True):
    """What one queue may have of a worker: its part of the jobs, places at once (null: all) and jobs of one claim."""

    weight: Annotated[float, Meta(ge=0.01, le=1000)] = 1
    concurrency: Annotated[int, Meta(ge=1, le=1000)] | None = None
    batch: Annotated[int, Meta(ge=1, le=1000)] | None = None


class WorkerSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """Back-off is `backoff_s` doubled each time up to `backoff_max_s`, jittered; `time_limit_s` is per attempt.

    `version` is what these workers run; null means the version of their handlers' package. Where `queues` are named
    a worker asks these and no others, one after the other, by `order`; where none is, all at once.
    """

    version: str | None = None
    concurrency: Annotated[int, Meta(ge=1, le=1000)] = 10
    batch: Annotated[int, Meta(ge=1, le=1000)] = 10
    grace_s: Seconds = 25
    time_limit_s: Seconds = 300
    backoff_s: Seconds = 2
    backoff_max_s: Seconds = 3600
    order: Literal["weighted", "strict"] = "weighted"
    queues: dict[str, Share] = {}


class DeskSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """Plans expire; runs start at `rate_per_s` and are carried out in chunks under a lease.

    A bulk run waits `undo_window_s` before its first item. Where more than `died_again_limit` of what the last run over
    the same letters requeued has died again, a requeue asks for a phrase. A plan over more than `backup_above` things
    (None: never) warns where no verified backup is younger than `backup_age_s`. The record is kept `keep_days`, what a
    run did to each item `keep_items_days`, and who did what `keep_audit_days`.
    """

    plan_expires_s: Seconds = 900
    rate_per_s: PerSecond = 50
    undo_window_s: Annotated[float, Meta(ge=0, le=3600)] = 10
    died_again_limit: Annotated[float, Meta(ge=0, le=1)] = 0.5
    backup_above: Annotated[int, Meta(ge=1)] | None = 10_000
    backup_age_s: Seconds = 86_400
    chunk: Annotated[int, Meta(ge=1, le=1000)] = 1000
    lease_s: Seconds = 15
    keep_days: Days = 365
    keep_items_days: Days = 90
    keep_audit_days: Annotated[int, Meta(ge=365, le=36500)] = 1095


class LoopSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """How often the clockwork turns, in seconds."""

    roll_up_s: Seconds = 1
    sweep_s: Seconds = 5
    sample_s: Seconds = 10
    index_s: Seconds = 2
    vacuum_s: Seconds = 5
    prune_s: Seconds = 3600
    tidy_s: Seconds = 60
    samples_keep_s: Seconds = 86_400
    schedules_s: Seconds = 1
    reconcile_s: Seconds = 3600


class BackupSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """`dir` null means `backups` in the state folder."""

    dir: str | None = None


class SecretSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """`key_file` is 32 random bytes, mode 0400 (null: made in the state folder); both verify for `grace_s`."""

    key_file: str | None = None
    grace_s: Seconds = 3600
    max_age_s: Seconds = 7_776_000


class RedactionSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """What is shown as `***`: by name or path in payloads, by look in all texts; `shipped` stands for our own lists."""

    enabled: bool = True
    paths: list[str] = field(default_factory=lambda: ["shipped"])
    patterns: list[str] = field(default_factory=lambda: ["shipped"])


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
    drip: DripSettings = DripSettings()
    loops: LoopSettings = LoopSettings()
    backup: BackupSettings = BackupSettings()
    secrets: SecretSettings = SecretSettings()
    redaction: RedactionSettings = RedactionSettings()
    prometheus: PrometheusSettings = PrometheusSettings()
    tracing: TracingSettings = TracingSettings()
    fingerprints: FingerprintSettings = FingerprintSettings()
    probes: dict[str, ProbeSettings] = {}
    notifiers: dict[str, NotifierSettings] = {}
    delivery: DeliverySettings = DeliverySettings()
    runbooks: list[RunbookRule] = field(default_factory=shipped_runbooks)
    sources: list[SourceSettings] = []
    schedules: dict[str, Schedule] = {}


_Layer = dict[tuple[str, ...], Given]
PREFIX = "GRAVESHIFT_"
SHIPPED = Path("config") / "graveshift.yaml"
HERE = Path(__file__).parent


def load(path: Path | None = None, environ: Mapping[str, str] | None = None) -> Settings:
    """Shipped defaults, then the file at `path` (or $GRAVESHIFT_CONFIG), then GRAVESHIFT_<SECTION>_<KEY> variables.

    Raises SettingsError that names the file or variable, the key and, for a key that is unknown, the nearest one.
    """
    env = os.environ if environ is None else environ
    own = path or (Path(env["GRAVESHIFT_CONFIG"]) if env.get("GRAVESHIFT_CONFIG") else None)
    given = _of_file(shipped())
    if own is not None:
        given |= _of_file(own)
    given |= _of_variables(env)
    return _built(given)


def shipped() -> Path:
    """The file of defaults: in the installed package, else in the checkout."""
    packaged = HERE / "_data" / SHIPPED
    return packaged if packaged.exists() else HERE.parents[1] / SHIPPED


def _of_file(path: Path) -> _Layer:
    try:
        found = yaml.safe_load(path.read_text())
    except OSError as error:
        raise SettingsError(f"{path}: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: {' '.join(str(error).split())}") from error
    layer: _Layer = {}
    for key, value in mapping(found or {}, str(path)).items():
        known((key,), str(path), KEYS | SECTIONS.keys())
        if key in SECTIONS:
            inner = mapping(value or {}, f"{path}: {key}")
            layer |= {(key, name): Given(one, str(path)) for name, one in inner.items()}
        else:
            layer[key,] = Given(value, str(path))
    for place in layer:
        if len(place) == 2:
            known(place, str(path), fields(SECTIONS[place[0]]))
    return layer


def _of_variables(env: Mapping[str, str]) -> _Layer:
    """Variables of ours that begin with no section are somebody else's business."""
    layer: _Layer = {}
    for name in sorted(env):
        section, _, key = name.removeprefix(PREFIX).lower().partition("_")
        if name == f"{PREFIX}STATE_DIR":
            layer["state_dir",] = Given(env[name] or None, name, lax=True)
        elif name.startswith(PREFIX) and section in SECTIONS and key:
            _one_line_between(name, section, key)
            known((section, key), name, fields(SECTIONS[section]))
            layer[section, key] = Given(env[name] or None, name, lax=True)
    return layer


def _one_line_between(name: str, section: str, key: str) -> None:
    """Elsewhere it is two underscores that part a section from its key."""
    meant = key.lstrip("_")
    if meant != key:
        known((section, meant), name, fields(SECTIONS[section]))
        raise SettingsError(f"{name}: unknown variable; did you mean `{PREFIX}{section.upper()}_{meant.upper()}`?")


def _built(given: _Layer) -> Settings:
    inner: dict[str, dict[str, Any]] = {name: {} for name in SECTIONS}
    outer: dict[str, Any] = {}
    for place, one in given.items():
        owner, values = (SECTIONS[place[0]], inner[place[0]]) if len(place) == 2 else (Settings, outer)
        kind = fields(owner)[place[-1]]
        values[place[-1]] = entries(place, one, *ENTRIES[place]) if place in ENTRIES else converted(place, one, kind)
    outer |= {name: _section(name, values, given) for name, values in inner.items()}
    return Settings(**outer)


def _section(name: str, values: Mapping[str, Any], given: _Layer) -> Struct:
    """What a section says of itself beyond types, begins with the key that is wrong."""
    try:
        return SECTIONS[name](**values)
    except ValueError as error:
        key = re.split(r"\W", str(error), maxsplit=1)[0]
        where = given[name, key].where if (name, key) in given else name
        raise SettingsError(f"{where}: {name}.{error}") from error


SECTIONS = {
    name: kind for name, kind in fields(Settings).items() if isinstance(kind, type) and issubclass(kind, Struct)
}
NAMED_WORDS = "a name is 1 to 63 small letters, digits and `-`"
KEYS = fields(Settings).keys() - SECTIONS.keys()
ENTRIES: dict[tuple[str, ...], tuple[type[Struct], str, str]] = {
    ("schedules",): (Schedule, ENTRY, "a name is 1 to 64 letters, digits and `. _ : -`"),
    ("probes",): (ProbeSettings, NAMED, NAMED_WORDS),
    ("notifiers",): (NotifierSettings, NAMED, NAMED_WORDS),
    ("worker", "queues"): (Share, NAME, f"a queue is {NAME_WORDS}"),
}
