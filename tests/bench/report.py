"""What a bench hands back: figures, each with the budget it must keep, and how they are printed."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Figure:
    """`budget` is the greatest allowed value, or the least where `at_least`; None is for information."""

    name: str
    value: float
    unit: str
    budget: float | None = None
    at_least: bool = False

    @property
    def met(self) -> bool:
        """True where the budget is kept."""
        if self.budget is None:
            return True
        return self.value >= self.budget if self.at_least else self.value <= self.budget

    def as_dict(self) -> dict[str, object]:
        """For a line of JSON."""
        return {**asdict(self), "met": self.met}


def table(name: str, figures: Sequence[Figure]) -> str:
    """A line per figure, and a summary as the last one."""
    lines = [f"{'figure':<44} {'value':>12} {'budget':>12}"]
    for figure in figures:
        sign = ">=" if figure.at_least else "<="
        budget = f"{sign} {figure.budget:g}" if figure.budget is not None else ""
        mark = "" if figure.met else "  MISSED"
        lines.append(f"{figure.name:<44} {figure.value:>10.2f} {figure.unit:<4} {budget:>9}{mark}")
    missed = [figure.name for figure in figures if not figure.met]
    kept = sum(figure.budget is not None for figure in figures) - len(missed)
    verdict = f"missed: {', '.join(missed)}" if missed else "all met"
    return "\n".join([*lines, f"{name}: {kept} budgets kept, {len(missed)} missed ({verdict})"])
