"""Long lines of a document go on beneath themselves, and lose nothing."""

from rich.cells import cell_len

from graveshift_tui.widgets.paint import wrapped


def test_a_line_that_fits_stays_one() -> None:
    line = (("  key: ", "key"), ("value", "string"))
    assert wrapped(line, 40) == [line]


def test_nothing_of_a_long_line_is_lost_and_none_of_its_lines_is_too_long() -> None:
    for value in ("x" * 500, "日本" * 120, "a日" * 90, *("x" * many for many in range(20, 80))):
        lines = wrapped((("  key: ", "key"), (value, "string")), 31)
        assert all(sum(cell_len(text) for text, _ in line) <= 31 for line in lines)
        assert "".join(text for line in lines for text, words in line if words == "string") == value


def test_hostile_text_is_harmless_before_it_is_measured() -> None:
    lines = wrapped((("\x1b]52;c;x\x07" * 20, "string"),), 30)
    assert all(text.isprintable() for line in lines for text, _ in line)
