"""Judge the mean-field model of D4 by what training came to, beside the memorization time of D2."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from statistics import fmean
from typing import NamedTuple

from lossmatters.theory.dynamics.mean_field import MemorizationPath, Parameters, memorization_paths
from lossmatters.theory.dynamics.mean_field_fit import fit
from lossmatters.theory.dynamics.mean_field_setup import Setup
from lossmatters.theory.dynamics.memorization_time import memorization_time
from lossmatters.theory.dynamics.prediction import (
    Outcome,
    RankCorrelation,
    rank_advantage,
    rank_correlation,
)
from lossmatters.theory.losses import get
from lossmatters.theory.memorization import Interval, mean_interval

FITTED = ("cce", Fraction(2, 5))  # the only pair whose training the model sees


class Pair(NamedTuple):
    """One loss at one rate: what the model says beside what training came to.

    Attributes
    ----------
    family : the registered name of the loss, whatever its parameters.
    fitted : was the model fitted to this pair?
    """

    outcome: Outcome
    family: str
    path: MemorizationPath
    fitted: bool

    @property
    def predicted(self) -> float:
        """Return the M that the model ends at."""
        return self.path.memorization_rate[-1]

    @property
    def predicted_flip(self) -> float:
        """Return the predicted flip epoch, counted from 1; infinite where there is none."""
        return math.inf if self.path.flip_epoch is None else self.path.flip_epoch + 1.0


@lru_cache(maxsize=16)
def fitted(setup: Setup, curve: tuple[float, ...]) -> Parameters:
    """Return `fit`, kept for the next question about the same records."""
    return fit(setup, curve)


@lru_cache(maxsize=512)
def paths(
    spec: str, setup: Setup, parameters: Parameters, noise_rates: tuple[Fraction, ...]
) -> dict[Fraction, MemorizationPath]:
    """Return `memorization_paths` by rate, kept for the next question.

    Raises
    ------
    ValueError : as `memorization_paths`.
    """
    found = memorization_paths(get(spec), setup, parameters, noise_rates)
    return dict(zip(noise_rates, found, strict=True))


def rates_by_loss(outcomes: Iterable[Outcome]) -> dict[str, tuple[Fraction, ...]]:
    """Return the rates of each loss, ascending: the paths of a loss are predicted together.

    A loss from a user's file is left out: a record's text does not say that the file is still the same.
    """
    found: dict[str, set[Fraction]] = {}
    for outcome in outcomes:
        if ".py:" not in outcome.loss:
            found.setdefault(outcome.loss, set()).add(outcome.noise_rate)
    return {loss: tuple(sorted(rates)) for loss, rates in found.items()}


def pairs(
    outcomes: Iterable[Outcome],
    setup: Setup,
    parameters: Parameters,
    predict: Callable[
        [str, Setup, Parameters, tuple[Fraction, ...]], dict[Fraction, MemorizationPath]
    ] = paths,
) -> tuple[list[Pair], tuple[str, ...]]:
    """Return a prediction for each outcome, and the losses for which there is none.

    A loss from a user's file is left out, see `rates_by_loss`.

    Parameters
    ----------
    predict : function
        `paths`, or what gives the same sooner.
    """
    outcomes = [outcome for outcome in outcomes if ".py:" not in outcome.loss]
    rates = rates_by_loss(outcomes)
    found, without = [], set()
    for outcome in outcomes:
        try:
            loss = get(outcome.loss)
            path = predict(outcome.loss, setup, parameters, rates[outcome.loss])[outcome.noise_rate]
        except (ValueError, TypeError):
            without.add(outcome.loss)
            continue
        is_fitted = (outcome.loss, outcome.noise_rate) == FITTED
        found.append(Pair(outcome, loss.name or loss.spec, path, is_fitted))
    return found, tuple(sorted(without))


@dataclass(frozen=True)
class Judgement:
    """How predictions compare with training, over the pairs that the model was not fitted to.

    Attributes
    ----------
    rank : the rank correlation of predicted and measured M, on all of these pairs.
    rank_of_flips : that of predicted and measured flip epochs, none later than any.
    rank_of_times : that of -T_mem with measured M, on those of them with a decided T_mem.
    advantage : the first less the second, both on the pairs of the second.
    error : the mean over families of the mean absolute error of M in a family.
    error_of_mean : the same for a guess that needs no model, the mean M of all these pairs.
    gain : how much larger the second error is than the first, family by family.
    flips_right : pairs where both have a flip, or neither has one.
    both_flip : pairs where both have one.
    flip_error : over those, the mean absolute difference of flip epochs as a share of all epochs.
    pairs : how many.
    """

    rank: RankCorrelation
    rank_of_flips: RankCorrelation
    rank_of_times: RankCorrelation
    advantage: RankCorrelation
    error: Interval
    error_of_mean: float
    gain: Interval
    flips_right: int
    both_flip: int
    flip_error: Interval
    pairs: int

    @property
    def families(self) -> int:
        """Return in how many families of losses the pairs come."""
        return self.rank.families


def judge(found: Sequence[Pair], num_classes: int, epochs: int) -> Judgement:
    """Judge the model by these pairs; intervals are over families of losses.

    Raises
    ------
    ValueError : fewer than two pairs beside the fitted one.
    """
    rows = [p for p in found if not p.fitted]
    if len(rows) < 2:
        raise ValueError(f"pairs must be two or more beside the fitted one, got pairs={len(rows)}")
    families = [p.family for p in rows]
    measured = [p.outcome.memorization_rate for p in rows]
    times = [memorization_time(get(p.outcome.loss), num_classes, p.outcome.noise_rate) for p in rows]
    timed = [i for i, t in enumerate(times) if t.decided]
    slow, there, those = (
        [-times[i].value for i in timed],
        [measured[i] for i in timed],
        [families[i] for i in timed],
    )
    predicted = [rows[i].predicted for i in timed]
    flips = [(p.outcome.flip_epoch, p.predicted_flip) for p in rows]
    both = [i for i, pair in enumerate(flips) if all(map(math.isfinite, pair))]
    middle = fmean(measured)
    own = [abs(p.predicted - m) for p, m in zip(rows, measured, strict=True)]
    guess = [abs(middle - m) for m in measured]
    return Judgement(
        rank=rank_correlation([p.predicted for p in rows], measured, families),
        rank_of_flips=rank_correlation([b for _, b in flips], [a for a, _ in flips], families),
        rank_of_times=rank_correlation(slow, there, those),
        advantage=rank_advantage(predicted, slow, there, those, signed=True),
        error=_by_family(own, families),
        error_of_mean=_by_family(guess, families).estimate,
        gain=_by_family([g - e for g, e in zip(guess, own, strict=True)], families),
        flips_right=sum(math.isfinite(a) == math.isfinite(b) for a, b in flips),
        both_flip=len(both),
        flip_error=_by_family(
            [abs(flips[i][0] - flips[i][1]) / epochs for i in both], [families[i] for i in both]
        ),
        pairs=len(rows),
    )


def _by_family(errors: Sequence[float], families: Sequence[str]) -> Interval:
    """Return the mean over families of their mean errors, with Student's interval; NaN of none."""
    groups: dict[str, list[float]] = {}
    for error, family in zip(errors, families, strict=True):
        groups.setdefault(family, []).append(error)
    if not groups:
        return Interval(math.nan, -math.inf, math.inf, 0.95, "none")
    return mean_interval([fmean(g) for g in groups.values()])
