"""Downstreams asked whether they are well: HTTP or TCP, only those that are configured."""

import asyncio
from collections.abc import Mapping

import httpx

from graveshift.drip import ProbeSettings
from graveshift.runner.guard import Asked


class Probe:
    """One downstream, asked in the pace of its settings; redirects are not followed, proxies not looked for."""

    def __init__(self, name: str, settings: ProbeSettings) -> None:
        self._settings = settings
        self.asked = Asked(name, 0, settings.failures)

    async def ask_forever(self) -> None:
        """`asked` is the newest answer."""
        while True:
            why = await self.ask()
            failures = self.asked.failures + 1 if why else 0
            self.asked = Asked(self.asked.name, failures, self.asked.most, why or "")
            await asyncio.sleep(self._settings.interval_s)

    async def ask(self) -> str | None:
        """What was wrong; None for nothing. Never raises."""
        try:
            async with asyncio.timeout(self._settings.timeout_s):
                return await (self._get(self._settings.url) if self._settings.url else self._connect())
        except TimeoutError:
            return f"no answer in {self._settings.timeout_s:g} s"
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            return f"unreachable ({type(error).__name__})"

    async def _get(self, url: str) -> str | None:
        """The head of the answer is enough."""
        async with (
            httpx.AsyncClient(trust_env=False, follow_redirects=False, timeout=self._settings.timeout_s) as client,
            client.stream("GET", url) as answer,
        ):
            wanted = self._settings.status
            return None if answer.status_code == wanted else f"answered {answer.status_code}, not {wanted}"

    async def _connect(self) -> None:
        _, writer = await asyncio.open_connection(self._settings.host, self._settings.port)
        writer.close()


def probes(settings: Mapping[str, ProbeSettings], name: str | None) -> list[Probe]:
    """The probe of this name, where there is one."""
    return [Probe(name, settings[name])] if name in settings and name is not None else []
