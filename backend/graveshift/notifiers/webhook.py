"""Tells it to a URL of the settings: one POST of JSON, tried a few times."""

import asyncio

import httpx
import msgspec

from graveshift.notify import Notice

AGAIN_S = 0.5


class WebhookNotifier:
    """No redirect is followed and no proxy of the environment used: what is told goes where the settings say."""

    def __init__(self, name: str, url: str, *, timeout_s: float, tries: int, again_s: float = AGAIN_S) -> None:
        self.name = name
        self._url = url
        self._timeout_s = timeout_s
        self._tries = tries
        self._again_s = again_s

    async def notify(self, notice: Notice) -> None:
        """Any answer below 300 will do. Raises httpx.HTTPError once the last try has failed."""
        for left in reversed(range(self._tries)):
            try:
                await self._post(msgspec.json.encode(notice))
            except httpx.HTTPError:
                if not left:
                    raise
                await asyncio.sleep(self._again_s * 2 ** (self._tries - 1 - left))
            else:
                return

    async def _post(self, body: bytes) -> None:
        headers = {"content-type": "application/json"}
        async with httpx.AsyncClient(trust_env=False, follow_redirects=False, timeout=self._timeout_s) as client:
            answer = await client.post(self._url, content=body, headers=headers)
        if not answer.is_success:
            raise httpx.HTTPStatusError(f"answered {answer.status_code}", request=answer.request, response=answer)
