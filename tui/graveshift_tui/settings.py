"""Where the backend is and how this console behaves: flags, environment and console.yaml as one value."""

import os
from collections.abc import Iterator, Mapping
from enum import Enum
from pathlib import Path

import msgspec
from msgspec import Struct

DEFAULT_URL = "http://127.0.0.1:8470"
SOCKET = "graveshift.sock"


class ConsoleError(Exception):
    """the console cannot go on"""

    exit_code: int = 1

    def __init__(self, detail: str = "") -> None:
        super().__init__(detail)
        self.detail = detail

    def __str__(self) -> str:
        message = (type(self).__doc__ or "").strip()
        return f"{message}: {self.detail}" if self.detail else message


class SettingsError(ConsoleError):
    """the settings cannot be used"""

    exit_code = 2


class Where(Struct, frozen=True):
    """A backend: `url` is http, https or `unix:/path`; the token never shows in a repr."""

    url: str
    token: str | None = None

    def __repr__(self) -> str:
        return f"Where(url={self.url!r}, token={'***' if self.token else None})"

    def __rich_repr__(self) -> list[tuple[str, object]]:
        return [("url", self.url), ("token", "***" if self.token else None)]


class Flags(Struct, frozen=True, kw_only=True):
    """What was typed on the command line; None means not typed."""

    url: str | None = None
    token_file: Path | None = None
    config: Path | None = None
    keymap: Path | None = None
    theme: str | None = None
    mouse: bool | None = None
    read_only: bool | None = None
    interval_s: float | None = None


class ConsoleFile(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What `console.yaml` may say; relative paths start at the file's directory."""

    url: str | None = None
    token_file: str | None = None
    keymap: str | None = None
    theme: str | None = None
    mouse: bool | None = None
    read_only: bool | None = None
    interval_s: float | None = None


class Home(Enum):
    """Where runs live: with a backend, or with a demo that ends with its console, and keeps its data or not."""

    BACKEND = "backend"
    DEMO = "demo"
    KEPT_DEMO = "kept demo"


class Settings(Struct, frozen=True, kw_only=True):
    """`keymap` and `theme` None mean the shipped ones; `interval_s` is seconds between reads.

    `downstream` is the base URL of the demo's downstream; None outside the demo.
    """

    where: Where
    keymap: Path | None = None
    theme: str | None = None
    mouse: bool = True
    read_only: bool = False
    interval_s: float = 1.0
    downstream: str | None = None
    home: Home = Home.BACKEND


def load(env: Mapping[str, str], flags: Flags | None = None) -> Settings:
    """A flag beats the environment, the environment beats the file, and the file beats the default."""
    typed = flags or Flags()
    path = _file_path(env, typed)
    file = _read_file(path, must_exist=typed.config is not None)
    over_ssh = "SSH_CONNECTION" in env or "SSH_TTY" in env
    return Settings(
        where=Where(_url(env, typed, file, path), _token(env, typed, file, path)),
        keymap=typed.keymap or _beside(path, file.keymap),
        theme=typed.theme or file.theme,
        mouse=bool(_first(typed.mouse, file.mouse, not over_ssh)),
        read_only=bool(_first(typed.read_only, file.read_only)),
        interval_s=_interval(typed.interval_s, file.interval_s, path),
        downstream=env.get("GRAVESHIFT_DEMO_DOWNSTREAM") or None,
        home=next((home for home in Home if home.value == env.get("GRAVESHIFT_DEMO_HOME")), Home.BACKEND),
    )


def nearest(word: str, known: list[str]) -> str:
    """` (did you mean ...?)`, or nothing where no known word is close."""
    from difflib import get_close_matches

    close = get_close_matches(word, known, n=1, cutoff=0.5)
    return f" (did you mean `{close[0]}`?)" if close else ""


def default_url(env: Mapping[str, str]) -> str:
    """The socket of a backend on this host where there is one, else the default port of this host."""
    for folder in _state_folders(env):
        if (folder / SOCKET).is_socket():
            return f"unix:{folder / SOCKET}"
    return DEFAULT_URL


def _state_folders(env: Mapping[str, str]) -> Iterator[Path]:
    if os.geteuid() == 0:
        yield Path("/var/lib/graveshift")
    base = env.get("XDG_STATE_HOME") or Path(env.get("HOME") or "/nonexistent") / ".local" / "state"
    yield Path(base) / "graveshift"


def _file_path(env: Mapping[str, str], typed: Flags) -> Path:
    if typed.config is not None:
        return typed.config
    base = env.get("XDG_CONFIG_HOME") or Path(env.get("HOME") or "/nonexistent") / ".config"
    return Path(base) / "graveshift" / "console.yaml"


def _read_file(path: Path, *, must_exist: bool) -> ConsoleFile:
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        if must_exist:
            raise SettingsError(f"{path}: no such file") from None
        return ConsoleFile()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: {error}") from None
    return _parse_file(path, text)


def _parse_file(path: Path, text: str) -> ConsoleFile:
    import yaml

    try:
        data = yaml.safe_load(text) or {}
    except yaml.YAMLError as error:
        raise SettingsError(f"{path}: {' '.join(str(error).split())}") from None
    if not isinstance(data, dict):
        raise SettingsError(f"{path}: must be a mapping of settings")
    for key in data:
        if key not in ConsoleFile.__struct_fields__:
            close = nearest(str(key), list(ConsoleFile.__struct_fields__))
            raise SettingsError(f"{path}: unknown key `{key}`{close}")
    try:
        return msgspec.convert(data, ConsoleFile)
    except msgspec.ValidationError as error:
        raise SettingsError(f"{path}: {error}") from None


def _url(env: Mapping[str, str], typed: Flags, file: ConsoleFile, path: Path) -> str:
    given = (("--url", typed.url), ("GRAVESHIFT_URL", env.get("GRAVESHIFT_URL")), (f"{path}: url", file.url))
    for source, url in given:
        if url:
            return _checked(source, url)
    return default_url(env)


def _checked(source: str, url: str) -> str:
    scheme, _, rest = url.partition(":")
    if scheme == "unix" and rest.startswith("/"):
        return "unix:/" + rest.lstrip("/")
    if scheme in ("http", "https") and len(rest) > 2 and rest.startswith("//"):
        return url.rstrip("/")
    raise SettingsError(f"{source}: `{url}` is not http://..., https://... or unix:/path")


def _token(env: Mapping[str, str], typed: Flags, file: ConsoleFile, path: Path) -> str | None:
    if typed.token_file is not None:
        return _read_token("--token-file", typed.token_file)
    if token := env.get("GRAVESHIFT_TOKEN"):
        return _checked_token("GRAVESHIFT_TOKEN", token)
    if named := env.get("GRAVESHIFT_TOKEN_FILE"):
        return _read_token("GRAVESHIFT_TOKEN_FILE", Path(named))
    beside = _beside(path, file.token_file)
    return _read_token(f"{path}: token_file", beside) if beside else None


def _read_token(source: str, path: Path) -> str:
    try:
        token = path.expanduser().read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{source}: {error}") from None
    return _checked_token(f"{source}: {path}", token)


def _checked_token(source: str, text: str) -> str:
    token = text.strip()
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        raise SettingsError(f"{source}: this is no token")
    return token


def _interval(typed: float | None, filed: float | None, path: Path) -> float:
    source, value = ("--interval", typed) if typed is not None else (f"{path}: interval_s", filed)
    if value is None:
        return 1.0
    if not 0.1 <= value <= 3600:
        raise SettingsError(f"{source}: {value:g} is not between 0.1 and 3600 seconds")
    return value


def _beside(path: Path, name: str | None) -> Path | None:
    return path.parent / Path(name).expanduser() if name else None


def _first(*values: bool | None) -> bool | None:
    return next((value for value in values if value is not None), None)
