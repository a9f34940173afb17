"""The locks pin everything by hash, come from the public index and say what pyproject.toml asks for."""

import re
import tomllib
from urllib.parse import urlsplit

import pytest

from tests.house.checkout import ROOT

HOSTS = {"pypi.org", "files.pythonhosted.org"}
LOCKS = ("requirements.lock", "requirements-dev.lock")


def canonical(requirement: str) -> str:
    name = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert name, requirement
    return re.sub(r"[-_.]+", "-", name[0]).lower()


def pinned(lock: str) -> dict[str, str]:
    """Each requirement of a lock, by name, with its hashes."""
    entries = re.split(r"\n(?=\S)", (ROOT / lock).read_text().strip())
    return {canonical(entry): entry for entry in entries}


@pytest.mark.parametrize("lock", LOCKS)
def test_everything_is_pinned_with_hashes_and_nothing_names_a_place(lock: str) -> None:
    for name, entry in pinned(lock).items():
        assert re.match(r"\S+==\S+", entry), name
        assert "--hash=sha256:" in entry, name
        assert not re.search(r"://|file:|^-|\s-[ef]\s", entry), name


def test_the_runtime_lock_has_what_the_package_asks_for() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert {canonical(item) for item in project["dependencies"]} <= set(pinned("requirements.lock"))


def test_the_development_lock_is_the_runtime_lock_and_more() -> None:
    runtime, development = pinned("requirements.lock"), pinned("requirements-dev.lock")
    assert runtime.items() <= development.items()
    asked = tomllib.loads((ROOT / "pyproject.toml").read_text())["dependency-groups"]["dev"]
    assert {canonical(item) for item in asked if isinstance(item, str)} <= set(development)


def test_uv_lock_names_the_public_index_only() -> None:
    packages = tomllib.loads((ROOT / "uv.lock").read_text())["package"]
    urls = [package["source"]["registry"] for package in packages if "registry" in package["source"]]
    urls += [wheel["url"] for package in packages for wheel in package.get("wheels", [])]
    urls += [package["sdist"]["url"] for package in packages if "sdist" in package]
    assert urls
    assert {urlsplit(url).hostname for url in urls} == HOSTS


def test_uv_lock_and_the_requirements_agree() -> None:
    packages = tomllib.loads((ROOT / "uv.lock").read_text())["package"]
    versions = {f"{package['name']}=={package['version']}" for package in packages if "version" in package}
    pins = {re.match(r"\S+==\S+", entry) for entry in pinned("requirements-dev.lock").values()}
    assert {pin[0] for pin in pins if pin} <= versions
