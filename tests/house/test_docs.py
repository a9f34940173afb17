"""What the pages point at is there: files, headings, and the names that the tour speaks of."""

import re
from pathlib import Path

import pytest

from tests.house.checkout import ROOT, name_of
from tests.house.pages import Link, anchors, defined_in, links, pages, prose

DOCS = ROOT / "docs"
PLACE = re.compile(r"`((?:backend|tui|tests|config|themes|docs)/[\w./*-]+)`")


@pytest.mark.parametrize("page", pages(), ids=name_of)
def test_every_link_leads_to_a_file_of_the_checkout(page: Path) -> None:
    outside = [link.target for link in links(page) if not link.path.exists() or not link.path.is_relative_to(ROOT)]
    assert not outside


@pytest.mark.parametrize("page", pages(), ids=name_of)
def test_every_anchor_is_a_heading(page: Path) -> None:
    anchored = [link for link in links(page) if link.anchor and link.path.suffix == ".md" and link.path.exists()]
    assert not [f"{link.target}#{link.anchor}" for link in anchored if link.anchor not in anchors(link.path)]


@pytest.mark.parametrize("page", pages(), ids=name_of)
def test_a_link_named_after_code_leads_to_that_code(page: Path) -> None:
    """`path/of/file.py` must be the end of the file's path; any other word in backticks must be a name in it."""
    assert not [f"{link.text} -> {link.target}" for link in links(page) if not _is_there(link)]


def _is_there(link: Link) -> bool:
    text = re.fullmatch(r"`([^`]+)`", link.text)
    if text is None or not link.path.exists() or link.path.suffix in ("", ".md"):
        return True
    if "/" in text[1] or text[1].endswith(link.path.suffix):
        return f"/{link.path}".endswith(f"/{text[1]}")
    if link.path.suffix == ".py":
        return text[1] in defined_in(link.path)
    return re.search(rf"\b{re.escape(text[1])}\b", link.path.read_text()) is not None


def test_the_tour_is_full_of_links_into_the_code() -> None:
    code = [link for link in links(DOCS / "tour.md") if link.path.suffix in (".py", ".sql", ".yaml")]
    assert len(code) >= 60


def test_every_page_can_be_reached_from_the_readme() -> None:
    seen, left = set(), [ROOT / "README.md"]
    while left:
        page = left.pop()
        if page not in seen and page.is_file():
            seen.add(page)
            named = [link.path for link in links(page)]
            left += [path for path in named if path.suffix == ".md"]
            left += [one for path in named if path.is_dir() for one in path.glob("*.md")]
    assert not [name_of(page) for page in pages() if page not in seen]


def test_files_named_in_prose_exist() -> None:
    """A path in backticks that begins in one of our folders is a file or a pattern that matches some."""
    told = [(page, place) for page in pages() for place in PLACE.findall(prose(page))]
    assert not [f"{name_of(page)}: {place}" for page, place in told if not list(ROOT.glob(place.rstrip("/")))]
