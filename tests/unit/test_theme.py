"""Shipped themes are whole, readable, and broken ones say where."""

from pathlib import Path

import pytest

from graveshift_tui import theme
from graveshift_tui.settings import SettingsError

READABLE = ("text", "bright", "muted", "heading", "accent", "ok", "warn", "crit", "mark", "key", "string", "number")


def luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    r, g, b = (c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("path", theme.shipped(), ids=lambda path: path.stem)
def test_every_shipped_theme_can_be_read_by_tired_eyes(path: Path) -> None:
    palette = theme.read(path)
    assert palette.name == path.stem
    for meaning in READABLE:
        for behind in ("background", "panel", "cursor"):
            assert contrast(palette.colour(meaning), palette.colour(behind)) >= 4.5, (meaning, behind)
    for band in ("red", "amber", "green", "blue", "grey"):
        assert contrast(palette.colours.band_text, palette.colour(f"band_{band}")) >= 4.5


def test_there_is_a_dark_theme_and_a_light_one() -> None:
    assert {theme.read(path).dark for path in theme.shipped()} == {True, False}


def test_an_unknown_theme_names_the_nearest() -> None:
    with pytest.raises(SettingsError, match="night"):
        theme.find("nigth")


def test_a_broken_colour_names_file_and_meaning(tmp_path: Path) -> None:
    text = theme.shipped()[0].read_text().replace('crit: "#', 'crit: "x#')
    (tmp_path / "mine.yaml").write_text(text)
    with pytest.raises(SettingsError, match=r"mine\.yaml: crit"):
        theme.find(str(tmp_path / "mine.yaml"))


def test_words_become_a_style() -> None:
    palette = theme.find("night")
    style = palette.style("bold crit on cursor")
    assert style.bold
    assert style.color is not None
    assert style.color.name == palette.colours.crit
    assert style.bgcolor is not None
    assert style.bgcolor.name == palette.colours.cursor
