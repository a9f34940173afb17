"""One connection pool to a backend over http, https or a Unix socket; its errors in our words."""

import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Final, cast
from urllib.parse import urlsplit

import msgspec

from graveshift.wire.problem import Problem
from graveshift_tui.settings import ConsoleError, SettingsError, Where

if TYPE_CHECKING:
    import ssl
    from types import ModuleType

    import httpx
    from httpx_sse import EventSource

CONNECT_S: Final = 3.0
ANSWER_S: Final = 15.0
SILENCE_S: Final = 60.0
KEEP_S: Final = 4.0

_EXITS: Final = {401: 3, 403: 3, 404: 4, 409: 5, 400: 2, 413: 2, 422: 2, 502: 6, 503: 6, 504: 6}


class ApiError(ConsoleError):
    """the backend refused this"""

    def __init__(self, code: str, status: int, detail: str, extra: Mapping[str, int] | None = None) -> None:
        super().__init__(detail)
        self.extra = extra or {}
        self.code = code
        self.status = status
        self.exit_code = 7 if code == "phrase-mismatch" else _EXITS.get(status, 1)

    def __str__(self) -> str:
        return f"{self.detail or type(self).__doc__} ({self.code})"


class Unreachable(ConsoleError):
    """the backend does not answer"""

    exit_code = 6


class Link:
    """Sends requests and hands back bodies; a refusal is an ApiError, silence is Unreachable."""

    def __init__(self, where: Where, program: str) -> None:
        self._url = where.url
        self._http = _open(where, program)

    async def send(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> bytes:
        """The body of a 2xx answer. `path` is percent-encoded already."""
        import httpx

        self._check_open()
        sent = {"Content-Type": "application/json"} if body is not None else {}
        try:
            answer = await self._http.request(
                method, path, params=params or None, content=body, headers=sent | dict(headers or {})
            )
        except httpx.HTTPError as error:
            raise self._unreachable(error) from None
        self._refuse(answer)
        return answer.content

    @asynccontextmanager
    async def events(self, path: str, headers: Mapping[str, str]) -> "AsyncIterator[EventSource]":
        """One open event stream; whatever breaks it raises Unreachable inside the block."""
        import httpx
        from httpx_sse import aconnect_sse

        self._check_open()
        timeout = httpx.Timeout(ANSWER_S, connect=CONNECT_S, read=SILENCE_S)
        try:
            async with aconnect_sse(self._http, "GET", path, headers=dict(headers), timeout=timeout) as source:
                if not source.response.is_success:
                    await source.response.aread()
                    self._refuse(source.response)
                yield source
        except httpx.HTTPError as error:
            raise self._unreachable(error) from None

    @asynccontextmanager
    async def stream(self, path: str, params: Mapping[str, str]) -> AsyncIterator[AsyncIterator[bytes]]:
        """The body of a long answer, part by part; whatever breaks it raises Unreachable inside the block."""
        import httpx

        self._check_open()
        timeout = httpx.Timeout(ANSWER_S, connect=CONNECT_S, read=SILENCE_S)
        try:
            async with self._http.stream("GET", path, params=params, timeout=timeout) as answer:
                if not answer.is_success:
                    await answer.aread()
                    self._refuse(answer)
                yield answer.aiter_bytes()
        except httpx.HTTPError as error:
            raise self._unreachable(error) from None

    async def close(self) -> None:
        """Closes every connection; open streams end."""
        await self._http.aclose()

    def _check_open(self) -> None:
        if self._http.is_closed:
            raise Unreachable(f"{self._url}: this connection was closed by the console")

    def _unreachable(self, error: "httpx.HTTPError") -> Unreachable:
        import httpx

        if isinstance(error, httpx.ConnectTimeout):
            return Unreachable(f"{self._url}: no connection within {CONNECT_S:g} s")
        if isinstance(error, httpx.TimeoutException):
            return Unreachable(f"{self._url}: no answer within {ANSWER_S:g} s")
        return Unreachable(f"{self._url}: {str(error) or type(error).__name__}")

    def _refuse(self, answer: "httpx.Response") -> None:
        if answer.is_success:
            return
        try:
            problem = msgspec.json.decode(answer.content, type=Problem)
        except msgspec.DecodeError:
            if answer.status_code in (502, 503, 504):
                raise Unreachable(f"{self._url}: a proxy says {answer.status_code}") from None
            detail = f"{self._url} answered {answer.status_code} and is perhaps no graveshift backend"
            raise ApiError("bad-answer", answer.status_code, detail) from None
        detail = problem.detail or problem.title
        extra = {name: value for name, value in problem.extra.items() if isinstance(value, int)}
        raise ApiError(problem.code, answer.status_code, detail, extra)


def _open(where: Where, program: str) -> "httpx.AsyncClient":
    """A pool that keeps idle connections for less than a server does, so that no request meets a closing one."""
    with _hidden("click"):
        import httpx

    headers = {"User-Agent": f"graveshift-{program}/{_version()}", "Accept": "application/json"}
    if where.token:
        headers["Authorization"] = f"Bearer {where.token}"
    scheme, _, socket = where.url.partition(":")
    limits = httpx.Limits(max_connections=20, keepalive_expiry=KEEP_S)
    try:
        return httpx.AsyncClient(
            base_url="http://graveshift" if scheme == "unix" else where.url,
            headers=headers,
            timeout=httpx.Timeout(ANSWER_S, connect=CONNECT_S),
            transport=_transport(where.url, socket, limits),
            verify=_tls(scheme),
            limits=limits,
        )
    except httpx.InvalidURL as error:
        raise SettingsError(f"`{where.url}`: {error}") from None


@contextmanager
def _hidden(module: str) -> Iterator[None]:
    """Nobody can import `module` meanwhile: where httpx finds click it loads a command line of its own, of 3 MB."""
    modules = cast("dict[str, ModuleType | None]", sys.modules)
    known = modules.pop(module, None)
    modules[module] = None
    try:
        yield
    finally:
        del modules[module]
        if known is not None:
            modules[module] = known


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("graveshift")
    except PackageNotFoundError:
        return "checkout"


def _transport(url: str, socket: str, limits: "httpx.Limits") -> "httpx.AsyncHTTPTransport | None":
    """None means the usual one, which honours the proxies of the environment; this host is never asked through one."""
    import httpx

    if url.startswith("unix:"):
        return httpx.AsyncHTTPTransport(uds=socket, verify=_tls("unix"), limits=limits)
    if urlsplit(url).hostname in ("localhost", "127.0.0.1", "::1"):
        return httpx.AsyncHTTPTransport(verify=_tls(url.partition(":")[0]), limits=limits)
    return None


def _tls(scheme: str) -> "ssl.SSLContext":
    """The host's own authorities for https; for the rest one that trusts nobody, because loading them takes 60 ms."""
    import ssl

    return ssl.create_default_context() if scheme == "https" else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
