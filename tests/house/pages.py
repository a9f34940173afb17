"""The documentation as data: pages, headings, links and what stands in code, fences left out."""

import ast
import re
from functools import cache
from pathlib import Path

from msgspec import Struct

from tests.house.checkout import ROOT

FENCE = re.compile(r"^( *)(```|~~~).*?^\1\2[^\n]*$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"(?<!\\)\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^()\s]+(?:\([^()]*\))?)\)")
HEADING = re.compile(r"^#{1,6} +(.+?) *#*$", re.MULTILINE)


class Link(Struct, frozen=True):
    """A link to `target`, which is relative to the folder of `page`; `anchor` is empty where none is named."""

    page: Path
    text: str
    target: str
    anchor: str

    @property
    def path(self) -> Path:
        """The file or folder it leads to."""
        return (self.page.parent / self.target).resolve() if self.target else self.page


def pages() -> list[Path]:
    """Every page that is written for people."""
    return [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]


@cache
def prose(page: Path) -> str:
    """The page without its fenced blocks."""
    return FENCE.sub("", page.read_text())


def links(page: Path) -> list[Link]:
    """Links to our own files and headings; the rest of the world is not looked at."""
    found = [(text, *target.partition("#")[::2]) for text, target in LINK.findall(prose(page))]
    return [Link(page, *one) for one in found if not re.match(r"[a-z]+:", one[1])]


def headings(page: Path) -> list[str]:
    """As they are written."""
    return HEADING.findall(prose(page))


def anchors(page: Path) -> set[str]:
    """What headings are called in addresses: lower case, no punctuation, hyphens for spaces, numbers for twins."""
    seen: dict[str, int] = {}
    found = set()
    for heading in headings(page):
        plain = LINK.sub(r"\1", heading)
        slug = re.sub(r"[^\w\- ]", "", plain.lower()).replace(" ", "-")
        again = seen.get(slug, 0)
        seen[slug] = again + 1
        found.add(f"{slug}-{again}" if again else slug)
    return found


def code(page: Path) -> set[str]:
    """Everything in backticks."""
    return set(re.findall(r"`([^`\n]+)`", prose(page)))


def rows(page: Path) -> list[list[str]]:
    """The cells of every row of every table, titles and rules included."""
    lines = [line.strip() for line in prose(page).splitlines()]
    return [[cell.strip() for cell in line[1:-1].split("|")] for line in lines if re.fullmatch(r"\|.*\|", line)]


@cache
def defined_in(path: Path) -> set[str]:
    """Names a Python module defines: `function`, `Class`, `Class.method`, `CONSTANT`; no file is executed."""
    names = set()
    for node in ast.parse(path.read_text()).body:
        names |= _names(node)
        if isinstance(node, ast.ClassDef):
            names |= {f"{node.name}.{name}" for inner in node.body for name in _names(inner)}
    return names


def _names(node: ast.stmt) -> set[str]:
    match node:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return {name}
        case ast.AnnAssign(target=ast.Name(id=name)):
            return {name}
        case ast.Assign(targets=targets):
            return {target.id for target in targets if isinstance(target, ast.Name)}
    return set()
