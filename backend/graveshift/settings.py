"""What can be set, from config/graveshift.yaml, a file of one's own and GRAVESHIFT_* variables, as frozen types."""

import os
import re
from collections.abc import Collection, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import yaml
from msgspec import Meta, Struct

from graveshift.errors import SettingsError
from graveshift.schedule import ENTRY, Schedule
from graveshift.wire.runs import PerSecond

Seconds = Annotated[float, Meta(gt=0)]
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
    """`crash_limit` lone crashes make a job poison; ended jobs are kept `keep_days`."""

    system: str = "native"
    lease_s: Seconds = 30
    crash_limit: Annotated[int, Meta(ge=1, le=100)] = 3
    keep_days: Annotated[int, Meta(ge=1, le=3650)] = 30


class WorkerSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """Back-off is `backoff_s` doubled each time up to `backoff_max_s`, jittered; `time_limit_s` is per attempt.

    `version` is what these workers run; null means the version of their handlers' package.
    """

    version: str | None = None
    concurrency: Annotated[int, Meta(ge=1, le=1000)] = 10
    batch: Annotated[int, Meta(ge=1, le=1000)] = 10
    grace_s: Seconds = 25
    time_limit_s: Seconds = 300
    backoff_s: Seconds = 2
    backoff_max_s: Seconds = 3600


class DeskSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """Plans expire; runs start at `rate_per_s` and are carried out in chunks under a lease."""

    plan_expires_s: Seconds = 900
    rate_per_s: PerSecond = 50
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
    schedules_s: Seconds = 1


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
    schedules: dict[str, Schedule] = {}


class _Given(Struct, frozen=True):
    """A value and where it was found; what is text in a variable may mean a number."""

    value: Any
    where: str
    lax: bool = False


_Layer = dict[tuple[str, ...], _Given]
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
    for key, value in _mapping(found or {}, str(path)).items():
        _known((key,), str(path), KEYS | SECTIONS.keys())
        if key in SECTIONS:
            inner = _mapping(value or {}, f"{path}: {key}")
            layer |= {(key, name): _Given(one, str(path)) for name, one in inner.items()}
        else:
            layer[key,] = _Given(value, str(path))
    for place in layer:
        if len(place) == 2:
            _known(place, str(path), _fields(SECTIONS[place[0]]))
    return layer


def _of_variables(env: Mapping[str, str]) -> _Layer:
    """Variables of ours that begin with no section are somebody else's business."""
    layer: _Layer = {}
    for name in sorted(env):
        section, _, key = name.removeprefix(PREFIX).lower().partition("_")
        if name == f"{PREFIX}STATE_DIR":
            layer["state_dir",] = _Given(env[name] or None, name, lax=True)
        elif name.startswith(PREFIX) and section in SECTIONS and key:
            _one_line_between(name, section, key)
            _known((section, key), name, _fields(SECTIONS[section]))
            layer[section, key] = _Given(env[name] or None, name, lax=True)
    return layer


def _one_line_between(name: str, section: str, key: str) -> None:
    """Elsewhere it is two underscores that part a section from its key."""
    meant = key.lstrip("_")
    if meant != key:
        _known((section, meant), name, _fields(SECTIONS[section]))
        raise SettingsError(f"{name}: unknown variable; did you mean `{PREFIX}{section.upper()}_{meant.upper()}`?")


def _built(given: _Layer) -> Settings:
    inner: dict[str, dict[str, Any]] = {name: {} for name in SECTIONS}
    outer: dict[str, Any] = {}
    for place, one in given.items():
        if len(place) == 2:
            inner[place[0]][place[1]] = _value(place, one, _fields(SECTIONS[place[0]])[place[1]])
        elif place == ("schedules",):
            outer["schedules"] = _schedules(one)
        else:
            outer[place[0]] = _value(place, one, _fields(Settings)[place[0]])
    outer |= {name: SECTIONS[name](**values) for name, values in inner.items()}
    return Settings(**outer)


def _schedules(given: _Given) -> dict[str, Schedule]:
    return {
        name: _schedule(name, one, given.where)
        for name, one in _mapping(given.value or {}, f"{given.where}: schedules").items()
    }


def _schedule(name: str, given: Any, where: str) -> Schedule:
    if not re.fullmatch(ENTRY, name):
        raise SettingsError(f"{where}: schedules.{name}: a name is 1 to 64 letters, digits and `. _ : -`")
    fields, values = _fields(Schedule), {}
    for key, value in _mapping(given, f"{where}: schedules.{name}").items():
        _known(("schedules", name, key), where, fields)
        values[key] = _value(("schedules", name, key), _Given(value, where), fields[key])
    missing = [key for key in ("cron", "queue", "kind") if key not in values]
    if missing:
        raise SettingsError(f"{where}: schedules.{name}.{missing[0]}: must be given")
    try:
        return Schedule(**values)
    except ValueError as error:
        raise SettingsError(f"{where}: schedules.{name}.{error}") from error


def _value(place: tuple[str, ...], given: _Given, kind: Any) -> Any:
    try:
        return msgspec.convert(given.value, kind, strict=not given.lax)
    except msgspec.ValidationError as error:
        raise SettingsError(f"{given.where}: {'.'.join(place)}: {error}") from error


def _mapping(value: Any, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise SettingsError(f"{where}: must be a mapping of settings")
    return {str(key): one for key, one in value.items()}


def _known(place: tuple[str, ...], where: str, names: Collection[str]) -> None:
    if place[-1] not in names:
        near = get_close_matches(place[-1], names, 1)
        hint = f"; did you mean `{near[0]}`?" if near else f"; there are {', '.join(sorted(names))}"
        raise SettingsError(f"{where}: {'.'.join(place)}: unknown setting{hint}")


def _fields(kind: type[Struct]) -> dict[str, Any]:
    return {field.name: field.type for field in msgspec.structs.fields(kind)}


SECTIONS = {
    name: kind for name, kind in _fields(Settings).items() if isinstance(kind, type) and issubclass(kind, Struct)
}
KEYS = _fields(Settings).keys() - SECTIONS.keys()
