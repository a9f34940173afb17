"""The handlers of the demo's workers: each does real work, and fails where its input or its world is bad."""

import csv
import json
import os
import signal
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from string import Template
from typing import Any

import httpx

from graveshift import Job, bootstrap
from graveshift.demo import shop
from graveshift.place import Database
from graveshift.signature import sign
from graveshift.store.login import LoginFile
from graveshift.vault import Vault

DELIVERY_TIMEOUT_S = 3.0
INVOICE = Template("Dear $name,\nyour order $order comes to $total EUR.\n")


class DeliveryFailed(Exception):
    """The customer's server answered with an error status."""


class DeliveryRefused(Exception):
    """The customer's server does not know us."""


class ReportMalformed(Exception):
    """A report's file cannot be read as what it claims to be."""


async def deliver(job: Job) -> None:
    """Send a webhook, signed with the current key."""
    body = json.dumps(job.data["event"]).encode()
    [key, *_] = await _vault().valid(bootstrap.SIGNING_KEY)
    url = f"{os.environ['GRAVESHIFT_DEMO_DOWNSTREAM']}/hooks/{job.data['customer']}"
    async with httpx.AsyncClient(timeout=DELIVERY_TIMEOUT_S, verify=False) as client:  # noqa: S501 - plain http, loopback
        headers = {"x-graveshift-signature": sign(key, body), "x-job-id": str(job.id)}
        answer = await client.post(url, content=body, headers=headers)
    if answer.status_code in (401, 403):
        raise DeliveryRefused(f"{answer.status_code} from customer {job.data['customer']!r}")
    if answer.is_error:
        raise DeliveryFailed(f"{answer.status_code} from customer {job.data['customer']!r}")


def parse(job: Job) -> None:
    """Add up a CSV report; the files are real and some are not what they say."""
    path = _home() / "reports" / job.data["file"]
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    if not rows:
        raise ReportMalformed(f"{path.name} has a heading and no rows")
    total = sum(map(booked, rows))
    if total < 0:
        raise ReportMalformed(f"{path.name} sums to {total:.2f}")


def booked(row: Mapping[str, str]) -> float:
    """The amount of a row that says whose account it goes to."""
    if not row["iban"]:
        raise ReportMalformed("a row goes to no account")
    return float(row["amount"])


async def place(job: Job) -> None:
    """Insert an order; its number is unique, and some producers send it twice."""
    async with shop.connected(_database().url_now) as orders:
        await orders.insert(job.data["number"], job.data["customer"], job.data["cents"])


def render(job: Job) -> None:
    """Fill in the text of a mail."""
    INVOICE.substitute(job.data)


def resize(job: Job) -> None:
    """Work out a thumbnail; a decompression bomb takes the whole process with it."""
    width, height = job.data["width"], job.data["height"]
    if width * height > 10**9:
        os.kill(os.getpid(), signal.SIGKILL)
    scale = 128 / max(width, height)
    sum(x * y for x in range(int(width * scale)) for y in range(int(height * scale)))


def _home() -> Path:
    return Path(os.environ["GRAVESHIFT_DEMO_DIR"])


def _database() -> Database:
    """The workers' database, with the login that is kept for them, which may be rotated."""
    login = LoginFile(Path(os.environ["GRAVESHIFT_DATABASE_LOGIN_FILE"]), "")
    return Database(os.environ["GRAVESHIFT_DATABASE_URL"], login)


@cache
def _vault() -> Vault:
    return bootstrap.vault_at(_database(), _home() / "secrets.key")


HANDLERS: Mapping[str, Callable[[Job], Any]] = {
    "webhook.deliver": deliver,
    "report.parse": parse,
    "order.place": place,
    "mail.render": render,
    "image.resize": resize,
}
