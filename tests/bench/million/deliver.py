"""Where the letters' jobs failed: a handler that still fails there dies of the same cause as they did."""

from typing import NoReturn


class ConnectTimeout(Exception):
    """The downstream does not answer."""

    __module__ = "httpx"


def post(host: str) -> NoReturn:
    """Raises as the first cause says."""
    raise ConnectTimeout(f"POST https://{host}/hook timed out after 10s")


PLACE = f"{post.__module__}:{post.__qualname__}"
