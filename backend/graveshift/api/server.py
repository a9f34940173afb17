"""Serve the app on a port or a Unix socket, and stop it gracefully."""

import asyncio
import os
import socket
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import structlog
import uvicorn
from litestar import Litestar

from graveshift.api.protocol import PatientProtocol
from graveshift.errors import CannotListen
from graveshift.settings import ApiSettings

BACKLOG = 256
FOLDER = 0o750
log = structlog.get_logger(__name__)


class Server(uvicorn.Server):
    """uvicorn, told by an event to stop: signals belong to whoever runs the process."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


async def serve(
    app: Litestar, settings: ApiSettings, stop: asyncio.Event, listener: socket.socket | None = None
) -> None:
    """Until `stop` is set; then open requests get `graceful_s` to end. `listener` is ours to close."""
    listening = listener or listen(settings)
    mine = _inode(settings)
    server = Server(_config(app, settings))
    watcher = asyncio.create_task(_watch(app, server, stop))
    log.info("api_listening", address=address(listening))
    try:
        await server.serve(sockets=[listening])
    finally:
        watcher.cancel()
        listening.close()
        _remove(settings, mine)
    log.info("api_stopped")


def listen(settings: ApiSettings) -> socket.socket:
    """A bound and listening socket. Raises CannotListen."""
    try:
        listening = _unix(Path(settings.socket)) if settings.socket else _tcp(settings.host, settings.port)
        listening.listen(BACKLOG)
    except (OSError, ValueError) as error:
        where = settings.socket or f"{settings.host}:{settings.port}"
        raise CannotListen(f"{where}: {error}") from error
    listening.setblocking(False)
    return listening


def address(listening: socket.socket) -> str:
    """What clients put before a path: `http://host:port` or `unix:/path`."""
    name = listening.getsockname()
    if listening.family == socket.AF_UNIX:
        return f"unix:{name}"
    host = f"[{name[0]}]" if listening.family == socket.AF_INET6 else name[0]
    return f"http://{host}:{name[1]}"


def _tcp(host: str, port: int) -> socket.socket:
    family, kind, protocol, _, where = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    # With its protocol named, asyncio turns Nagle's delay off; without, each answer takes 40 ms.
    listening = socket.socket(family, kind, protocol)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind(where)
    except OSError:
        listening.close()
        raise
    return listening


def _unix(path: Path) -> socket.socket:
    """Mode 0660 from its first moment; in a folder made 0750 where there was none, and left as it is otherwise."""
    path.parent.mkdir(mode=FOLDER, parents=True, exist_ok=True)
    mode = stat.S_IMODE(path.parent.stat().st_mode)
    if mode & 0o777 & ~FOLDER:
        log.warning("socket_folder_is_open", folder=str(path.parent), mode=f"{mode:04o}", wanted=f"{FOLDER:04o}")
    _clear(path)
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o117)
    try:
        listening.bind(str(path))
    except OSError:
        listening.close()
        raise
    finally:
        os.umask(before)
    return listening


def _clear(path: Path) -> None:
    """Remove a socket that nobody answers on; anything else is left alone."""
    if not path.is_socket():
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            path.unlink()
            return
    raise OSError("another process listens there")


def _remove(settings: ApiSettings, inode: int | None) -> None:
    """Our socket, unless another process has put its own in that place."""
    if settings.socket and inode is not None and _inode(settings) == inode:
        Path(settings.socket).unlink()


def _inode(settings: ApiSettings) -> int | None:
    path = Path(settings.socket) if settings.socket else None
    return path.stat().st_ino if path is not None and path.exists() else None


def _config(app: Litestar, settings: ApiSettings) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http=PatientProtocol,
        ws="none",
        loop="none",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=max(1, round(settings.graceful_s)),
    )


async def _watch(app: Litestar, server: Server, stop: asyncio.Event) -> None:
    await stop.wait()
    app.state.closing.set()
    server.should_exit = True
