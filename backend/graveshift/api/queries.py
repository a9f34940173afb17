"""Query strings, read strictly: what is unknown, given twice or out of range is refused by name."""

from collections.abc import Collection
from typing import Annotated, Any, TypeVar
from urllib.parse import parse_qsl

import msgspec
from msgspec import Meta, Struct

from graveshift.errors import Invalid
from graveshift.wire.page import Sort
from graveshift.wire.selection import Filter

Q = TypeVar("Q", bound=Struct)
Limit = Annotated[int, Meta(ge=1, le=1000)]
Cursor = Annotated[str, Meta(max_length=4096)]
Text = Annotated[str, Meta(max_length=4096)]
Name = Annotated[str, Meta(min_length=1, max_length=512)]


class NoQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Takes no parameters."""


class PageQuery(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`cursor` is the `next_cursor` of the page before."""

    cursor: Cursor | None = None
    limit: Limit = 100


class FilteredQuery(PageQuery, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`q` is the text of a filter; what it says and what the other parameters say must all hold."""

    q: Text | None = None


class SeriesQuery(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`range` and `step` in seconds; without `queue` the sum of all queues (of `oldest_age` the greatest)."""

    name: Name
    queue: Name | None = None
    range: Annotated[int, Meta(ge=10, le=604_800)] = 1800
    step: Annotated[int, Meta(ge=10, le=86_400)] = 60


class SortedQuery(FilteredQuery, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`sort` is one of the orders that have an index; there is no other."""

    sort: Sort = Sort.NEWEST


class FacetQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """`by` is a payload field, as `payload.customer.id`, or `version`, or `enqueued` for how long ago."""

    by: Name


class HelpQuery(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`cursor` is how many characters stand before it, the end where it is not said; `resource` is the list."""

    text: Text = ""
    cursor: Annotated[int, Meta(ge=0, le=4096)] | None = None
    resource: Name = "dlq"


def page_query(resource: str, fields: Collection[str], *, sorts: bool = False) -> type[PageQuery]:
    """PageQuery with these fields of Filter beside cursor, limit, `q` and, where it `sorts`, the order.

    Without any field there is no `q` either.
    """
    if not fields:
        return PageQuery
    kept = [(f.name, f.type, f.default) for f in msgspec.structs.fields(Filter) if f.name in fields]
    name = f"{resource.capitalize()}Query"
    made = msgspec.defstruct(
        name,
        kept,
        bases=(SortedQuery if sorts else FilteredQuery,),
        frozen=True,
        forbid_unknown_fields=True,
        kw_only=True,
    )
    assert issubclass(made, PageQuery)  # noqa: S101 - defstruct is typed as giving any Struct
    return made


def chosen(query: PageQuery) -> Filter:
    """The conditions in a page's query. Raises Invalid for a time out of range."""
    given = {f: getattr(query, f) for f in query.__struct_fields__ if f not in SortedQuery.__struct_fields__}
    try:
        return Filter(**given)
    except ValueError as error:
        raise Invalid(str(error)) from error


def both(one: Filter, other: Filter) -> Filter:
    """What both say. Raises Invalid where they say different things of one condition."""
    said = {name: getattr(one, name) for name in one.__struct_fields__}
    for name in other.__struct_fields__:
        value = getattr(other, name)
        if isinstance(value, list):
            said[name] = [*said[name], *value]
        elif value is not None and said[name] in (None, value):
            said[name] = value
        elif value is not None and name == "text":
            said[name] = f"{said[name]} {value}"
        elif value is not None:
            raise Invalid(f"`{name}` is given as a parameter and in `q`, and both cannot hold")
    return Filter(**said)


def read(query_string: bytes, shape: type[Q]) -> Q:
    """Raises Invalid naming the parameter."""
    try:
        pairs = parse_qsl(query_string.decode(), keep_blank_values=True, errors="strict", max_num_fields=50)
    except ValueError as error:
        raise Invalid("the query string cannot be read") from error
    given = dict(pairs)
    if len(given) != len(pairs):
        raise Invalid("a query parameter was given twice")
    return _convert(given, shape)


def _convert(given: dict[str, Any], shape: type[Q]) -> Q:
    if any("\x00" in value for value in given.values()):
        raise Invalid("a query parameter holds U+0000")
    if issubclass(shape, SortedQuery) and given.get("sort", Sort.NEWEST) not in list(Sort):
        raise Invalid(f"no index keeps the order `{given['sort']}`; there are {', '.join(Sort)} - at `$.sort`")
    if shape is PageQuery and (strange := sorted(set(given) - set(PageQuery.__struct_fields__))):
        raise Invalid(f"this list has no conditions: it takes cursor and limit, and no `{strange[0]}`")
    try:
        return msgspec.convert(given, shape, strict=False)
    except msgspec.ValidationError as error:
        raise Invalid(str(error)) from error
