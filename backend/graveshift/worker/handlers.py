"""Handlers by kind: plain functions, or functions with limits of their own; and how to find them by name."""

import importlib
import importlib.metadata
import inspect
import os
import re
import sys
import traceback
from collections.abc import Callable, Mapping
from difflib import get_close_matches

from msgspec import Struct

from graveshift.errors import SettingsError
from graveshift.wire.jobs import NAME, NAME_WORDS
from graveshift.worker.job import Job

Run = Callable[[Job], object]

VERSION_VARIABLE = "GRAVESHIFT_WORKER_VERSION"


class Handler(Struct, frozen=True):
    """A function and its own limits in seconds; None means the worker's. Calling it calls the function."""

    run: Run
    time_limit_s: float | None = None
    backoff_s: float | None = None
    max_backoff_s: float | None = None

    def __call__(self, job: Job) -> object:
        return self.run(job)

    @property
    def is_async(self) -> bool:
        """Whether it runs on the event loop; every other function runs in a thread."""
        return _is_async(self.run) or _is_async(getattr(self.run, "__call__", None))  # noqa: B004


def handler(
    *, time_limit_s: float | None = None, backoff_s: float | None = None, max_backoff_s: float | None = None
) -> Callable[[Run], Handler]:
    """Decorate a function whose limits differ from the worker's."""

    def limited(run: Run) -> Handler:
        return Handler(run, time_limit_s, backoff_s, max_backoff_s)

    return limited


def by_kind(handlers: Mapping[str, Run]) -> dict[str, Handler]:
    """Check a mapping and wrap its plain functions. Raises SettingsError that names the kind."""
    if not handlers:
        raise SettingsError("the mapping of handlers is empty")
    for kind, run in handlers.items():
        if str(kind) != kind or not re.match(NAME, kind):
            raise SettingsError(f"{kind!r} is not a kind; one is {NAME_WORDS}")
        if not callable(run):
            raise SettingsError(f"the handler of {kind!r} is a {type(run).__name__}, not a function")
        if not _takes_a_job(run.run if isinstance(run, Handler) else run):
            raise SettingsError(f"the handler of {kind!r} cannot be called with one job as its only argument")
    return {kind: run if isinstance(run, Handler) else Handler(run) for kind, run in handlers.items()}


def load(place: str) -> dict[str, Handler]:
    """The handlers at `module:mapping`, looked for from the working directory too. Raises SettingsError."""
    module_name, colon, name = place.partition(":")
    if not (module_name and colon and name):
        raise SettingsError(f"{place!r} is not of the form module:mapping")
    mapping = getattr(_module(module_name), name, None)
    if mapping is None:
        raise SettingsError(f"module {module_name!r} has no {name!r}{_nearest(name, dir(_module(module_name)))}")
    if not isinstance(mapping, Mapping):
        raise SettingsError(f"{place!r} is a {type(mapping).__name__}, not a mapping of kinds to functions")
    return by_kind(mapping)


def version_of(handlers: Mapping[str, Handler]) -> str:
    """What this worker runs: GRAVESHIFT_WORKER_VERSION, else the version of the package the handlers come from."""
    if named := os.environ.get(VERSION_VARIABLE):
        return named
    modules = sorted({getattr(one.run, "__module__", "") or "" for one in handlers.values()})
    tops = {module.partition(".")[0] for module in modules}
    packages = importlib.metadata.packages_distributions()
    found = {name for top in tops for name in packages.get(top, ())}
    return ", ".join(f"{name} {importlib.metadata.version(name)}" for name in sorted(found)) or "unknown"


def _takes_a_job(run: Run) -> bool:
    try:
        inspect.signature(run).bind(None)
    except TypeError:
        return False
    except ValueError:  # written in C, and says nothing of itself
        return True
    return True


def _is_async(run: object) -> bool:
    return inspect.iscoroutinefunction(run)


def _module(name: str) -> object:
    if "" not in sys.path and str(os.getcwd()) not in sys.path:  # noqa: PTH109 sys.path holds strings
        sys.path.insert(0, os.getcwd())  # noqa: PTH109
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as missing:
        if missing.name and (name == missing.name or name.startswith(f"{missing.name}.")):
            raise SettingsError(f"there is no module {name!r}") from missing
        where = f"{_place(missing)}: there is no module {missing.name!r}, which is imported there"
        raise SettingsError(f"{where}; is it installed in {sys.prefix}?") from missing
    except ImportError as broken:
        raise SettingsError(f"{_place(broken)}: {broken}") from broken


def _place(error: ImportError) -> str:
    """The file and line whose import failed."""
    frames = [one for one in traceback.extract_tb(error.__traceback__) if not one.filename.startswith("<frozen ")]
    return f"{frames[-1].filename}:{frames[-1].lineno}"


def _nearest(name: str, there: list[str]) -> str:
    near = get_close_matches(name, there, 1)
    return f"; did you mean {near[0]!r}?" if near else ""
