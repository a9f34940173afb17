"""Where the house stands: the checkout's root and the modules the rules are about."""

from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
PACKAGES = (ROOT / "backend" / "graveshift", ROOT / "tui" / "graveshift_tui")


def package_modules() -> list[Path]:
    return [path for package in PACKAGES for path in sorted(package.rglob("*.py"))]


def all_modules() -> list[Path]:
    return package_modules() + sorted((ROOT / "tests").rglob("*.py"))


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))
