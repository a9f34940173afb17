"""Who is told of what a run does by itself, of the settings."""

from collections.abc import Mapping

from graveshift.drip import NotifierSettings
from graveshift.notifiers.log import LogNotifier
from graveshift.notifiers.webhook import WebhookNotifier
from graveshift.notify import Herald, Notifier


def herald_of(notifiers: Mapping[str, NotifierSettings]) -> Herald:
    """One that tells all of them; nobody where none is set."""
    return Herald([_notifier(name, given) for name, given in notifiers.items()])


def _notifier(name: str, given: NotifierSettings) -> Notifier:
    if given.kind == "log" or given.url is None:
        return LogNotifier(name)
    return WebhookNotifier(name, given.url, timeout_s=given.timeout_s, tries=given.tries)
