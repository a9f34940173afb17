"""Colours by meaning: a theme is one YAML file, and a screen only ever names what a colour says."""

from functools import lru_cache
from pathlib import Path
from typing import Final

import msgspec
import yaml
from msgspec import Struct
from rich.style import Style
from textual.theme import Theme

from graveshift_tui.settings import SettingsError, nearest

DEFAULT: Final = "night"
ATTRIBUTES: Final = frozenset({"bold", "dim", "italic", "underline", "reverse"})
PLACES: Final = (Path(__file__).parent / "_data" / "themes", Path(__file__).parents[2] / "themes")


class Colours(Struct, frozen=True, forbid_unknown_fields=True):
    """One `#rrggbb` for each meaning; `band_*` are what an environment's colour names become."""

    background: str
    panel: str
    text: str
    bright: str
    muted: str
    faint: str
    heading: str
    accent: str
    ok: str
    warn: str
    crit: str
    stale: str
    mark: str
    spark: str
    cursor: str
    key: str
    string: str
    number: str
    word: str
    band_red: str
    band_amber: str
    band_green: str
    band_blue: str
    band_grey: str
    band_text: str


class Palette(Struct, frozen=True, forbid_unknown_fields=True):
    """A theme as it lies in its file."""

    name: str
    title: str
    dark: bool
    colours: Colours

    def colour(self, meaning: str) -> str:
        """The `#rrggbb` of a meaning."""
        return str(getattr(self.colours, meaning))

    def style(self, words: str) -> Style:
        """`words` such as `bold crit on cursor` as a style; the background is the theme's unless said."""
        return _style(self, words)

    def textual(self) -> Theme:
        """The same colours for Textual's own widgets."""
        c = self.colours
        return Theme(
            name=self.name,
            primary=c.accent,
            secondary=c.heading,
            warning=c.warn,
            error=c.crit,
            success=c.ok,
            accent=c.accent,
            foreground=c.text,
            background=c.background,
            surface=c.background,
            panel=c.panel,
            dark=self.dark,
            variables={
                "scrollbar": c.faint,
                "scrollbar-hover": c.muted,
                "scrollbar-active": c.muted,
                "scrollbar-background": c.background,
                "scrollbar-background-hover": c.background,
                "scrollbar-background-active": c.background,
                "scrollbar-corner-color": c.background,
                "gs-faint": c.faint,
            },
        )


@lru_cache(maxsize=512)
def _style(palette: Palette, words: str) -> Style:
    front, _, back = words.partition(" on ")
    parts = front.split()
    colour = next((part for part in parts if part not in ATTRIBUTES), "text")
    return Style(
        color=palette.colour(colour),
        bgcolor=palette.colour(back or "background"),
        bold="bold" in parts or None,
        italic="italic" in parts or None,
        underline="underline" in parts or None,
        reverse="reverse" in parts or None,
    )


def shipped() -> list[Path]:
    """The theme files that came with the console, by name."""
    folder = next((place for place in PLACES if place.is_dir()), PLACES[-1])
    return sorted(folder.glob("*.yaml"))


def read(path: Path) -> Palette:
    """A theme file; an error names the file and what is wrong in it."""
    try:
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        palette = msgspec.convert(yaml.load(path.read_text(encoding="utf-8"), loader), Palette)  # noqa: S506 - safe
    except (OSError, yaml.YAMLError, msgspec.ValidationError) as error:
        raise SettingsError(f"{path}: {' '.join(str(error).split())}") from None
    for meaning in Colours.__struct_fields__:
        colour = palette.colour(meaning)
        if len(colour) != 7 or colour[0] != "#" or not all(c in "0123456789abcdefABCDEF" for c in colour[1:]):
            raise SettingsError(f"{path}: {meaning}: `{colour}` is not #rrggbb")
    return palette


def find(name: str | None) -> Palette:
    """The theme of that name, or of that file where the name is a path; None is the default."""
    wanted = name or DEFAULT
    if "/" in wanted or wanted.endswith((".yaml", ".yml")):
        return read(Path(wanted).expanduser())
    by_name = {path.stem: path for path in shipped()}
    if wanted not in by_name:
        raise SettingsError(f"no theme `{wanted}`{nearest(wanted, list(by_name))}; there are {', '.join(by_name)}")
    return read(by_name[wanted])
