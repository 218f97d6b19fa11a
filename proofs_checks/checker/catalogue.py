"""The table of all losses, each row with its second opinion."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from lossmatters.proofs_checks.checker.check import Contradiction, check_rows
from lossmatters.theory.catalogue import of_each, row_of
from lossmatters.theory.exact import check_num_classes


def checked_catalogue(
    num_classes: int = 10, workers: int = 1
) -> tuple[list[dict[str, Any]], list[Contradiction]]:
    """Return the rows of all registered losses, and what values contradict in them.

    What is found of this package's own losses is kept in the user's cache folder, until its code changes.

    Parameters
    ----------
    num_classes : int
        K of the largest loss and of R3's bound.
    workers : int
        Processes that make the rows, as for `theory.processes.each`.
    """
    k = check_num_classes(num_classes)
    make = partial(_checked_row, num_classes=k)
    pairs = of_each(f"checked-catalogue-K{k}", make, workers, sources=[Path(__file__).parent])
    return [r for r, _ in pairs], [Contradiction(*w) for _, wrong in pairs for w in wrong]


def _checked_row(name: str, num_classes: int) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    found = row_of(name, num_classes)
    return found, [(w.key, w.says) for w in check_rows([found], num_classes)]
