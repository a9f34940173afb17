"""What the crumbs of a list say beside its filter: what is marked, what has come, in which order, and how many."""

from graveshift.wire.page import Sort
from graveshift_tui.format import count, total
from graveshift_tui.widgets.crumbs import ASIDE, NEWS, ORDER
from graveshift_tui.widgets.marked import Marked
from graveshift_tui.widgets.paint import Span
from graveshift_tui.widgets.table import Row, Table


def turned(sort: Sort) -> Sort:
    """The other way."""
    return Sort.OLDEST if sort is Sort.NEWEST else Sort.NEWEST


def about(table: Table, order: str, promised: int | None = None) -> tuple[tuple[int, Span], ...]:
    """`12 marked, 3 outside  7 new (g)  oldest first  300,412`; with when each gives way; an empty `order` is left out.

    `promised` is what the row that led here said; where it is another number by now, both stand there.
    """
    chain, spans = table.chain, list[tuple[int, Span]]()
    counted = chain.started and chain.total is not None and not chain.is_looking
    many = total(chain.total, exact=chain.total_is_exact) if counted else ""
    if table.marks:
        spans.append((0, (f"  {marked_words(table.marks, many)}", "bold mark")))
    if table.spot.gone:
        spans.append((0, ("  row gone", "bold warn")))
    if chain.arrived:
        spans.append((NEWS, (f"  {chain.arrived}{'+' if chain.arrived >= 100 else ''} new (g)", "accent")))
    if table.chasing:
        spans.append((NEWS, (f"  reading {count(chain.known)}", "muted")))
    if order and chain.started:
        spans.append((ORDER, (f"  {order}", "muted")))
    if many and promised is not None and promised != chain.total:
        word = "now" if chain.total_is_exact else "counted up to"
        spans.append((ASIDE, (f"  {count(promised)} when opened, {word}", "muted")))
        many = f" {many}" if chain.total_is_exact else f" {count(chain.total)}"
        spans.append((0, (many, "text")))
    elif many:
        spans.append((0, (f"  {many}", "text")))
    elif chain.is_looking:
        spans.append((0, ("  looking…", "muted")))
    elif chain.started and chain.known:
        spans.append((0, (f"  {count(chain.known)}{'' if chain.complete else ' so far'}", "text")))
    return tuple(spans)


def marked_words(marks: Marked[Row], many: str) -> str:
    """`all 300,412 that match`, or how many are marked and how many of these the filter does not let through."""
    if marks.whole:
        return f"all {many} that match".replace("  ", " ")
    if marks.outside is None:
        return f"{count(len(marks))} marked, some maybe outside"
    outside = f", {count(marks.outside)} outside" if marks.outside else ""
    return f"{count(len(marks))} marked{outside}"
