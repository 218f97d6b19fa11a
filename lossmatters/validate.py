"""What the command `validate` answers, from its options."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def answers(
    noisy_accuracy: str | None = None,
    n: int | None = None,
    num_classes: int = 10,
    noise: Any = "0.4",
    first_only: int | None = None,
    second_only: int | None = None,
    delta: float | None = None,
    disagreement: float = 1.0,
    counts: Path | None = None,
    matrix: Path | None = None,
    level: float = 0.95,
) -> dict[str, Any]:
    """Answer each question that the options ask, as plain data.

    Raises
    ------
    ValueError, TypeError, OSError : nothing asked, half a question, or what `theory.validation` refuses.
    """
    from lossmatters.theory import validation
    from lossmatters.theory.exact import check_rate

    found: dict[str, Any] = {}
    if noisy_accuracy is not None:
        samples = _needed(n, "n", "noisy-accuracy")
        correct = round(check_rate(noisy_accuracy, "noisy accuracy") * samples)
        found["clean_accuracy"] = validation.clean_accuracy(
            correct, samples, num_classes, noise, level
        ).to_dict()
    if first_only is not None or second_only is not None:
        one, other = (
            _needed(first_only, "first-only", "second-only"),
            _needed(second_only, "second-only", "first-only"),
        )
        found["difference_of_clean_accuracies"] = validation.accuracy_difference(
            one, other, _needed(n, "n", "first-only"), num_classes, noise, level
        ).to_dict()
    if delta is not None:
        found["samples_to_tell_apart"] = validation.samples_to_tell(
            delta, num_classes, noise, disagreement, level
        )
    if counts is not None or matrix is not None:
        table, rows = (
            _read(_needed(p, name, "counts or matrix"), name)
            for p, name in ((counts, "counts"), (matrix, "matrix"))
        )
        found["by_class"] = validation.accuracy_from_counts(table, rows, level).to_dict()
    if not found:
        raise ValueError(
            "validate must be asked something: --noisy-accuracy with --n, --first-only and --second-only "
            "with --n, --delta, or --counts with --matrix"
        )
    return found


def _needed(value: Any, name: str, beside: str) -> Any:
    if value is None:
        raise ValueError(f"{name} must be given with {beside}, got {name}=None")
    return value


def _read(path: Path, name: str) -> list[list[float]]:
    """Read rows of numbers from a JSON file."""
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{name} must be a JSON file of rows of numbers, got {path}: {error}") from None
    fits = isinstance(rows, list) and all(
        isinstance(row, list) and all(isinstance(x, int | float) and not isinstance(x, bool) for x in row)
        for row in rows
    )
    if not fits or not rows or len({len(row) for row in rows}) != 1:
        raise ValueError(f"{name} must be rows of equally many numbers, got {path}")
    return rows
