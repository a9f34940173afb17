"""The fields of the filter language: how each is called, and which conditions of a Filter it sets."""

from collections.abc import Mapping

from msgspec import Struct


class Field(Struct, frozen=True):
    """`sets` are names of Filter. `takes`: `name`, `number`, `time`, `cause`, `path` or `filter`.

    `stars`: a `*` stands for anything.
    """

    takes: str
    sets: tuple[str, ...]
    says: str
    stars: bool = False


FIELDS: Mapping[str, Field] = {
    "queue": Field("name", ("queue",), "the queue; * stands for anything", stars=True),
    "kind": Field("name", ("kind",), "the kind of job; * stands for anything", stars=True),
    "error": Field("name", ("error_type",), "the type of the error; * stands for anything", stars=True),
    "group": Field("cause", ("fingerprint",), "the cause: a fingerprint, or the id of a group"),
    "payload": Field("path", ("contains", "veiled"), "what the payload has at a key: payload.user=42"),
    "died": Field("time", ("died_after", "died_before"), "when it died: <2h (less than 2 h ago), >03:00"),
    "enqueued": Field("time", ("enqueued_after", "enqueued_before"), "when it was enqueued, said as died: is"),
    "version": Field(
        "name", ("version",), "the version of the worker that it failed in; * stands for anything", stars=True
    ),
    "attempts": Field("number", ("attempts_min", "attempts_max"), "how many attempts it had: 3, >3, <3"),
    "requeued": Field("number", ("requeued_min", "requeued_max"), "how often it was requeued: 1, >1"),
    "state": Field("name", ("state",), "the state of a job or worker"),
    "run": Field("name", ("run_id",), "the run that moved it"),
    "system": Field("name", ("system",), "the queue system"),
    "saved": Field("filter", (), "a saved filter, by its name"),
}
# What words of the message set.
WORDS = ("text", "phrases")
