"""Arrays to numbers, numbers to intervals: records grouped by loss and noise rate.

A `Cell` holds the runs of one loss at one noise rate; its methods give means over seeds with 95%
Student t intervals, as `lossmatters.theory.memorization.mean_interval` does, for all epochs at once.
Intervals are kept as they are computed: those of accuracies are clipped to [0, 1] only where they are drawn.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from statistics import median
from typing import Any, NamedTuple

import numpy as np

from lossmatters.empirics.records import Record, converged
from lossmatters.paper.names import canonical, loss_order
from lossmatters.paper.setups import cold, families, once, setups
from lossmatters.theory.dynamics.prediction import RankCorrelation
from lossmatters.theory.memorization import flip_epoch

LEVEL = 0.95


class Band(NamedTuple):
    """Mean and interval at each position, and the number of runs behind each.

    Where n = 1 there is no interval and the ends are infinite; where n = 0 all three are NaN.
    """

    mean: np.ndarray
    low: np.ndarray
    high: np.ndarray
    n: np.ndarray

    @property
    def has_interval(self) -> bool:
        """Tell whether there is an interval at every position."""
        return bool(np.isfinite(self.low).all())


class Estimate(NamedTuple):
    """One mean with its interval; the ends are infinite where n = 1."""

    mean: float
    low: float
    high: float
    n: int

    @property
    def has_interval(self) -> bool:
        """Tell whether there is an interval at all."""
        return bool(np.isfinite(self.low))


def t_band(values: np.ndarray, level: float = LEVEL) -> Band:
    """Return Student t intervals for the means down the first axis: (n, ...) -> `Band` of shape (...).

    A missing value (NaN put there for None) is left out at its position only.

    Raises
    ------
    ValueError : a level outside (0, 1), or no runs.
    """
    if not 0 < level < 1:
        raise ValueError(f"level must be in (0, 1), got level={level!r}")
    values = np.asarray(values, dtype=float)
    if values.ndim < 1 or not len(values):
        raise ValueError(f"values must be of shape (n, ...) with n > 0, got values={values!r}")
    from scipy.special import stdtrit

    present = ~np.isnan(values)
    n = present.sum(axis=0)
    filled = np.where(present, values, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = filled.sum(axis=0) / n
        squares = (np.where(present, values - mean, 0.0) ** 2).sum(axis=0)
        half = stdtrit(np.maximum(n - 1, 1), (1 + level) / 2) * np.sqrt(squares / (n - 1) / n)
    half = np.where(n == 1, np.inf, half)
    return Band(mean, mean - half, mean + half, n)


def t_estimate(values: Sequence[float | None] | np.ndarray, level: float = LEVEL) -> Estimate | None:
    """Return the `t_band` of single numbers; None where every value is missing."""
    band = t_band(_floats(values), level)
    return Estimate(float(band.mean), float(band.low), float(band.high), int(band.n)) if band.n else None


def correlation_title(found: RankCorrelation) -> str:
    """Return what a panel says of a rank correlation: nothing but the counts where families are too few."""
    counts = f"{found.n} pairs, {found.families} families"
    if not found.enough:
        return f"{counts}: too few to correlate"
    return f"Spearman {found.estimate:.2f} [{found.low:.2f}, {found.high:.2f}], {counts}"


@dataclass(frozen=True)
class Cell:
    """The runs of one loss at one noise rate, sorted by seed; the rate is None where nobody knows it."""

    loss: str
    noise_rate: Fraction | None
    records: tuple[Record, ...]

    @property
    def n(self) -> int:
        """Return the number of runs."""
        return len(self.records)

    @property
    def seeds(self) -> tuple[int, ...]:
        return tuple(r.seed for r in self.records)

    @property
    def epochs(self) -> int:
        return self.records[0].epochs

    @cached_property
    def realised_rate(self) -> float:
        """Return the mean share of altered labels, f; NaN where nobody knows it."""
        if self.noise_rate is None:
            return float("nan")
        return float(np.mean([r.noise.get("realised_rate", float(r.noise_rate)) for r in self.records]))

    @cached_property
    def _stacked(self) -> dict[str, np.ndarray]:
        return {}

    def curves(self, metric: str) -> np.ndarray:
        """Return the curves of all runs: (n, epochs), NaN where a value is None."""
        if metric not in self._stacked:
            self._stacked[metric] = np.stack([_floats(r.curves[metric]) for r in self.records])
            self._stacked[metric].setflags(write=False)  # whoever asks next gets the same
        return self._stacked[metric]

    def band(self, metric: str) -> Band:
        """Return mean and interval at each epoch."""
        return t_band(self.curves(metric))

    def final(self, metric: str) -> Estimate | None:
        """Return mean and interval after the last epoch; None where there is none (M at eta = 0)."""
        return t_estimate(self.curves(metric)[:, -1])

    def best_epochs(self) -> np.ndarray:
        """Return each run's epoch (from 1) of the largest J2, (n,); the first of equal ones."""
        return self.curves("clean_train_accuracy").argmax(axis=1) + 1

    def best(self, metric: str = "clean_train_accuracy") -> Estimate | None:
        """Return `metric` at each run's epoch of largest J2, mean and interval.

        An oracle: finding that epoch takes the clean labels. It is the baseline of N6, what early
        stopping could give at best.
        """
        return t_estimate(self.curves(metric)[np.arange(self.n), self.best_epochs() - 1])

    def difference(self, first: str, second: str) -> Estimate | None:
        """Return the mean of `first` - `second` after the last epoch, paired within runs."""
        return t_estimate(self.curves(first)[:, -1] - self.curves(second)[:, -1])

    def flip_epochs(self) -> list[int]:
        """Return the flip epochs (M4, from 1) of those runs that have one; none without clean labels."""
        if self.noise_rate is None:
            return []
        pairs = ((r.curves["noisy_train_accuracy"], r.curves["clean_train_accuracy"]) for r in self.records)
        flips = (flip_epoch(j1, j2) for j1, j2 in pairs)  # type: ignore[arg-type]  # none is None here
        return [flip + 1 for flip in flips if flip is not None]

    def usual_flip(self) -> int | None:
        """Return the median flip epoch where more than half of the runs flip, else None."""
        flips = self.flip_epochs()
        return round(median(flips)) if 2 * len(flips) > self.n else None


Grid = dict[tuple[str, Fraction | None], Cell]


def grid(records: Sequence[Record]) -> Grid:
    """Return cells by (canonical loss, noise rate), in the order of losses and then of rates.

    Runs that started from another network's weights are left out: they are no repetitions of those that
    did not (see `warm_grid`). So are runs that diverged.

    Raises
    ------
    ValueError : records of several set-ups, whose means would mix what is not alike
    (`lossmatters.paper.setups.setups`).
    """
    return dict(once("grid", _grid, records))


def _grid(records: Sequence[Record]) -> Grid:
    names = setups(records)
    if len(names) > 1:
        raise ValueError(f"records must be of one set-up, got set-ups={list(names)!r}")
    found: dict[tuple[str, Fraction | None], list[Record]] = {}
    for record in converged(records):
        if record.start is None:
            found.setdefault((canonical(record.loss), known_rate(record)), []).append(record)
    keys = sorted(found, key=lambda key: (loss_order(key[0]), known_first(key[1])))
    return {key: Cell(*key, records=tuple(sorted(found[key], key=lambda r: r.seed))) for key in keys}


def known_rate(record: Record) -> Fraction | None:
    """Return the nominal noise rate; None where nobody knows it."""
    return None if record.noise["rate"] is None else record.noise_rate


def known_first(rate: Fraction | None) -> tuple[bool, Fraction]:
    """Return a key that sorts rates, an unknown one last."""
    return rate is None, rate or Fraction(0)


def warm_grid(records: Sequence[Record]) -> dict[tuple[str, str, Fraction | None], Cell]:
    """Return the warm starts: cells by (loss of the first phase, loss, noise rate), ordered alike.

    Raises
    ------
    ValueError : records of several set-ups.
    """
    return dict(once("warm grid", _warm_grid, records))


def _warm_grid(records: Sequence[Record]) -> dict[tuple[str, str, Fraction | None], Cell]:
    records = converged(records)
    starts = {canonical(r.start) for r in records if r.start is not None}
    return {
        (start, *key): cell
        for start in sorted(starts, key=loss_order)
        for key, cell in grid([cold(r) for r in records if r.start and canonical(r.start) == start]).items()
    }


def variant_grid(records: Sequence[Record]) -> dict[tuple[str, str, Fraction | None], Cell]:
    """Return a set-up and its variants: cells by (variant, loss, noise rate), the main set-up under "".

    The main set-up's runs are taken at the noise rates of the variants, and if they are of as many epochs.
    The variant without any regulariser comes first, that with all of them next to last.

    Raises
    ------
    ValueError : records of several families (see `lossmatters.paper.setups.families`), or several variants
    of a name.
    """
    return dict(once("variant grid", _variant_grid, records))


def _variant_grid(records: Sequence[Record]) -> dict[tuple[str, str, Fraction | None], Cell]:
    names = list(families(records))
    if len(names) > 1:
        raise ValueError(f"records must be of one set-up and its variants, got {names!r}")
    variants = sorted({r.variant for r in records if r.variant}, key=_variant_order)
    found = {
        (name, *key): cell
        for name in variants
        for key, cell in grid([r for r in records if r.variant == name]).items()
    }
    alike = {(cell.noise_rate, cell.epochs) for cell in found.values()}
    beside = [r for r in records if r.variant is None and (known_rate(r), r.epochs) in alike]
    return {**found, **{("", *key): cell for key, cell in grid(beside).items()}}


def _variant_order(name: str) -> tuple[bool, bool, str]:
    return name.startswith("all "), not name.startswith("no "), name


def losses_of(cells: Grid) -> list[str]:
    """Return the losses of a grid, in order."""
    return list(dict.fromkeys(loss for loss, _ in cells))


def rates_of(cells: Grid) -> list[Fraction | None]:
    """Return the noise rates of a grid, ascending; an unknown one last."""
    return sorted({rate for _, rate in cells}, key=known_first)


def count_text(cells: Mapping[Any, Cell]) -> str:
    """Return how many runs are behind each mean: "n = 5 seeds", "n = 3 to 5 seeds"."""
    counts = sorted({cell.n for cell in cells.values()})
    span = str(counts[0]) if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
    text = f"n = {span} seed{'' if counts[-1] == 1 else 's'}"
    if counts[-1] == 1:
        return f"{text} (no interval)"
    return f"{text} (no interval where n = 1)" if counts[0] == 1 else text


def _floats(values: Sequence[float | None] | np.ndarray) -> np.ndarray:
    return np.array(values, dtype=float)  # None becomes NaN
