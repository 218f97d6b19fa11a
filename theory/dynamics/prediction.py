"""D2 as a predictor: does the memorization time rank losses as training does?"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from statistics import median
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from lossmatters.theory.dynamics.memorization_time import MemorizationTime, memorization_time
from lossmatters.theory.exact import fail
from lossmatters.theory.losses import get

CONFIDENCE = Fraction(9, 10)  # the fixed start that D2 compares with
MIN_FAMILIES = 8  # with fewer, resampling them says little, and no correlation is shown
DRAWS = 2000


class Outcome(NamedTuple):
    """What training one loss at one noise rate came to: means over seeds.

    Attributes
    ----------
    loss : its text.
    noise_rate : eta.
    memorization_rate : the final M.
    flip_epoch : the median flip epoch (M4), infinite where half of the runs or more have none.
    """

    loss: str
    noise_rate: Fraction
    memorization_rate: float
    flip_epoch: float


def median_flip(flips: Sequence[int], runs: int) -> float:
    """Return the `flip_epoch` of an outcome, from the epochs of those of its runs that flip."""
    return median([*flips, *[math.inf] * (runs - len(flips))])


class Prediction(NamedTuple):
    """An outcome beside the memorization times of its loss.

    Attributes
    ----------
    family : the registered name of the loss, whatever its parameters.
    from_optimum : T_mem from the noisy optimum, at this rate.
    from_confidence : T_mem from `CONFIDENCE` in the clean class, whatever the rate.
    """

    outcome: Outcome
    family: str
    from_optimum: MemorizationTime
    from_confidence: MemorizationTime


def predictions(
    outcomes: Iterable[Outcome], num_classes: int, time: Callable[..., MemorizationTime] = memorization_time
) -> list[Prediction]:
    """Return the outcomes of losses with a formula in the catalogue, with their memorization times at this K.

    A loss from a user's file is left out, as one that is not registered here: a record's text does not say
    that the file is still the same.

    Parameters
    ----------
    time : function
        `memorization_time`, or what gives the same sooner.
    """
    found = []
    for outcome in outcomes:
        if ".py:" in outcome.loss:
            continue
        try:
            loss = get(outcome.loss)
        except (ValueError, TypeError):
            continue
        ideal = time(loss, num_classes, outcome.noise_rate)
        fixed = time(loss, num_classes, start=CONFIDENCE)
        found.append(Prediction(outcome, loss.name or loss.spec, ideal, fixed))
    return found


@dataclass(frozen=True)
class RankCorrelation:
    """Spearman's rank correlation with an interval.

    Attributes
    ----------
    estimate : in [-1, 1]; NaN where one side is constant.
    low, high : the ends of the interval at `level`.
    n : the number of pairs.
    families : how many independent groups they come in.
    """

    estimate: float
    low: float
    high: float
    n: int
    families: int
    level: float

    @property
    def enough(self) -> bool:
        """Tell whether there are families enough to speak of a correlation between losses at all."""
        return self.families >= MIN_FAMILIES

    def __str__(self) -> str:
        if not self.enough:
            return f"none (n = {self.n} in {self.families} families, fewer than {MIN_FAMILIES})"
        span = f"[{self.low:.2f}, {self.high:.2f}]"
        return f"{self.estimate:.2f} {span}, n = {self.n} in {self.families} families"

    @property
    def ends(self) -> list[float | None]:
        """Return the estimate and the ends as a file may hold them: None where there is none to speak of."""
        found = (self.estimate, self.low, self.high)
        return [v if self.enough and math.isfinite(v) else None for v in found]


def rank_correlation(
    first: ArrayLike,
    second: ArrayLike,
    families: Sequence[Hashable],
    level: float = 0.95,
    seed: int = 0,
) -> RankCorrelation:
    """Compute Spearman's correlation of two sequences; infinite values rank highest, equal ones share a rank.

    The interval is the percentile bootstrap over *families*, not over pairs: one loss at three rates, or at
    three parameters, is one piece of evidence about losses, not three. `DRAWS` resamples from an explicit
    seed, so the same records give the same interval; resamples in which one side is constant are left out.

    Raises
    ------
    ValueError : unequal lengths, NaN, or a level outside (0, 1).

    >>> rank_correlation([1, 2, float("inf")], [0.9, 0.5, 0.1], "abc").estimate
    -1.0
    """
    x, y = np.asarray(first, dtype=float), np.asarray(second, dtype=float)
    if not len(x) == len(y) == len(families):
        fail("first, second and families", "of one length", (len(x), len(y), len(families)))
    if np.isnan(x).any() or np.isnan(y).any():
        fail("first and second", "numbers", "NaN")
    if not 0 < level < 1:
        fail("level", "in (0, 1)", level)
    names = sorted(set(families), key=str)  # so that the order of the pairs does not matter
    member = np.array([[f == name for f in families] for name in names], dtype=float).reshape(len(names), -1)
    draws = np.random.default_rng(seed).multinomial(len(names), [1 / len(names)] * len(names), size=DRAWS)
    drawn = _spearman(x, y, draws @ member) if len(names) > 1 else np.array([math.nan])
    tails = ((1 - level) / 2, (1 + level) / 2)
    low, high = np.quantile(drawn, tails) if np.isnan(drawn).all() else np.nanquantile(drawn, tails)
    estimate = float(_spearman(x, y, np.ones((1, len(x))))[0])
    return RankCorrelation(estimate, float(low), float(high), len(x), len(names), level)


def rank_advantage(
    first: ArrayLike,
    second: ArrayLike,
    outcome: ArrayLike,
    families: Sequence[Hashable],
    level: float = 0.95,
    seed: int = 0,
    signed: bool = False,
) -> RankCorrelation:
    """Tell how much further from 0 the rank correlation of a first predictor is than a second's.

    |rho(first, outcome)| - |rho(second, outcome)|, with the percentile bootstrap over families of
    `rank_correlation`: both are computed on the same resamples. With `signed`, rho(first, outcome) -
    rho(second, outcome), for predictors that say which way.

    Raises
    ------
    ValueError : unequal lengths, or NaN.

    >>> rank_advantage([1, 2, 3], [1, 3, 2], [0.1, 0.2, 0.3], "abc").estimate
    0.5
    """
    x, z, y = (np.asarray(v, dtype=float) for v in (first, second, outcome))
    if not len(x) == len(z) == len(y) == len(families):
        fail("predictors, outcome and families", "of one length", (len(x), len(z), len(y), len(families)))
    if np.isnan(x).any() or np.isnan(z).any() or np.isnan(y).any():
        fail("predictors and outcome", "numbers", "NaN")
    names = sorted(set(families), key=str)
    member = np.array([[f == name for f in families] for name in names], dtype=float).reshape(len(names), -1)
    draws = np.random.default_rng(seed).multinomial(len(names), [1 / len(names)] * len(names), size=DRAWS)
    size = np.positive if signed else np.abs
    drawn = size(_spearman(x, y, draws @ member)) - size(_spearman(z, y, draws @ member))
    low, high = np.nanquantile(drawn, ((1 - level) / 2, (1 + level) / 2))
    once = np.ones((1, len(x)))
    estimate = float(size(_spearman(x, y, once))[0] - size(_spearman(z, y, once))[0])
    return RankCorrelation(estimate, float(low), float(high), len(x), len(names), level)


def _spearman(x: np.ndarray, y: np.ndarray, times: np.ndarray) -> np.ndarray:
    """Correlate ranks of pairs that occur as often as a row of `times` says: (n,), (n,), (draws, n) ->
    (draws,).
    """
    total = times.sum(axis=1, keepdims=True)
    a, b = (_ranks(v, times) for v in (x, y))
    a, b = (r - (times * r).sum(axis=1, keepdims=True) / total for r in (a, b))
    with np.errstate(invalid="ignore"):  # 0/0 where one side is constant
        scale = np.sqrt((times * a * a).sum(axis=1) * (times * b * b).sum(axis=1))
        return (times * a * b).sum(axis=1) / np.where(scale > 0, scale, math.nan)


def _ranks(values: np.ndarray, times: np.ndarray) -> np.ndarray:
    """Return mean ranks: those below come first, and equal ones share the middle of theirs."""
    below = (values[:, None] < values).astype(float)
    equal = (values[:, None] == values).astype(float)
    return times @ below + (times @ equal + 1) / 2
