"""A place in the console, what a verb acts on there, and the card that describes a resource."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TypeAlias

from msgspec import Struct

from graveshift.wire.page import Page
from graveshift.wire.selection import Filter
from graveshift_tui.client import Client
from graveshift_tui.widgets.columns import At, Column
from graveshift_tui.widgets.paint import Line
from graveshift_tui.widgets.tree import Node


class Route(Struct, frozen=True):
    """A place in the console: a card's list under a filter, or one thing of it; `crumb` is its name on the way.

    `query` is the text of a filter instead, as it was typed, and `said` what it means in words. `promised` is how many
    rows the place it was opened from told, a moment before; None where it told none. `at` is the row of a list that the
    cursor begins on, where it is on the first page.
    """

    card: str
    filter: Filter = Filter()
    id: str | None = None
    crumb: str = ""
    query: str = ""
    said: str = ""
    promised: int | None = None
    at: str = ""


class Subject(Struct, frozen=True):
    """What a verb would act on: the marked rows, else the one under the cursor, and the list's filter, or its text.

    `alone` where one thing is shown and no list; `within` is the id of the thing whose parts a list shows. `whole` is
    all that the filter lets through: then `rows` are none. `outside` is how many marked rows the filter leaves out;
    None where nobody can say.
    """

    card: str
    rows: tuple[Struct, ...] = ()
    marked: bool = False
    filter: Filter = Filter()
    total: int | None = None
    total_is_exact: bool = True
    alone: bool = False
    whole: bool = False
    outside: int | None = 0
    within: str | None = None
    query: str = ""

    @property
    def is_filtered(self) -> bool:
        """True where the list shows a part."""
        return bool(self.query) or not self.filter.is_empty

    @property
    def row(self) -> Struct | None:
        """The only row, where there is one."""
        return self.rows[0] if len(self.rows) == 1 else None


Fetching: TypeAlias = Callable[[Client, Route, str | None, int], Awaitable[Page[Struct]]]


class Card(Struct, frozen=True, kw_only=True):
    """A resource as the console shows it; `verbs` are the actions its hints offer, most useful first.

    `pane` tells more about the row under the cursor, in `pane_height` lines at most, or in up to `pane_most` of those
    that leave half of the screen to the list, and gets the whole thing where the card `explains`; `number` is what of a
    row grows: the pane is told by how much since the reader looked. `opens` is where enter leads. `words` are what the
    hints call an action here.
    `fields` are the filter fields that the API takes; `fetch` None reads the resource of the card's name. With
    `newest_first` the cursor of a reader who has not moved stays on the top. One that `sorts` is read from either end.
    `whole` reads the thing whose parts are listed, and `above` tells of it in `above_height` lines or more above them.
    `offers` tells whether the hints offer an action on a row, or on that whole, as it stands.
    """

    name: str
    title: str
    columns: tuple[Column, ...]
    id_of: Callable[[Struct], str]
    empty: str
    tone: Callable[[Struct], str] = lambda row: "text"
    nodes: Callable[[Struct, At], list[Node]] | None = None
    opens: Callable[[Struct], Route | None] = lambda row: None
    words: Mapping[str, str] = {}
    offers: Callable[[str, Struct], bool] = lambda action, row: True
    pane: Callable[[Struct, At], Sequence[Line]] | None = None
    pane_height: int = 0
    pane_most: int = 0
    explains: bool = False
    number: Callable[[Struct], int] | None = None
    verbs: tuple[str, ...] = ()
    newest_first: bool = False
    sorts: bool = False
    fields: tuple[str, ...] = ()
    hints: tuple[str, ...] = ()
    fetch: Fetching | None = None
    whole: Callable[[Client, Route], Awaitable[Struct]] | None = None
    above: Callable[[Struct, At], Sequence[Line]] = lambda thing, at: ()
    above_height: int = 0
