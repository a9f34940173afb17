"""What goes to the terminal is cut without a memory of how."""

import gc
import tracemalloc

import pytest
from rich.segment import Segment
from textual.color import Color

from graveshift_tui.widgets.guard import Guard, Piece

HELD_BYTES = 5_000_000


@pytest.mark.parametrize("text", ["abc", "abc…def", "日本語…x", "…", "👍…ab"])
@pytest.mark.parametrize("cut", range(9))
def test_a_piece_is_cut_where_a_segment_is(text: str, cut: int) -> None:
    assert [side.text for side in Piece(text).split_cells(cut)] == [
        side.text for side in Segment(text).split_cells(cut)
    ]


def test_what_was_cut_stays_a_piece() -> None:
    for side in Piece("abc…def").split_cells(2):
        assert isinstance(side, Piece)


def test_the_gate_lets_only_pieces_through() -> None:
    passed = Guard().apply([Segment("plain"), Segment("bell\x07")], Color(0, 0, 0))
    assert [(type(each), each.text) for each in passed] == [(Piece, "plain"), (Piece, "bell")]


def test_a_night_of_cuts_is_not_kept() -> None:
    tracemalloc.start()
    try:
        for beat in range(12_000):
            Piece(f"{beat:>60} failures/min…").split_cells(40)
        gc.collect()
        assert tracemalloc.get_traced_memory()[0] < HELD_BYTES
    finally:
        tracemalloc.stop()
