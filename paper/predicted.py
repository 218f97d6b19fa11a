"""Questions whose answers figures show beside training: memorization times (D2) and mean-field paths (D4).

Losses of this package are asked about by their text, which says all of them. Of others, whose code may
change, answers are computed on the spot.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import fields, is_dataclass
from fractions import Fraction
from functools import cache
from typing import Any

from lossmatters.paper.ahead import Question, answer
from lossmatters.paper.names import loss_of
from lossmatters.theory.dynamics.mean_field import MemorizationPath, Parameters
from lossmatters.theory.dynamics.mean_field_judge import fitted, paths, rates_by_loss
from lossmatters.theory.dynamics.mean_field_setup import Setup
from lossmatters.theory.dynamics.memorization_time import MemorizationTime, memorization_time
from lossmatters.theory.dynamics.prediction import CONFIDENCE, Outcome
from lossmatters.theory.losses import Loss, get
from lossmatters.theory.verdict import Known, Method

OWN = "lossmatters.theory.losses."
PLAIN = (str, int, float, Fraction, type(None))
Curve = tuple[float, ...]


@cache
def is_own(spec: str) -> bool:
    """Tell whether a text is that of a loss made of this package's own classes alone."""
    loss = loss_of(spec)
    return loss is not None and _is_own(loss)


def _is_own(value: Any) -> bool:
    if isinstance(value, Loss):
        own = type(value).__module__.startswith(OWN) and value.has_formula
        return own and is_dataclass(value) and all(_is_own(getattr(value, f.name)) for f in fields(value))
    return all(map(_is_own, value)) if isinstance(value, tuple) else isinstance(value, PLAIN)


def _of(spec: str, question: Question) -> Any:
    return answer(question) if is_own(spec) else question.function(*question.arguments)


def times_wanted(outcomes: Iterable[Outcome], num_classes: int) -> list[Question]:
    """Return what `time_of` will be asked for these outcomes."""
    return [
        question
        for o in outcomes
        if is_own(o.loss)
        for question in (
            _time_question(o.loss, num_classes, o.noise_rate, None),
            _time_question(o.loss, num_classes, None, CONFIDENCE),
        )
    ]


def time_of(
    loss: Loss, num_classes: int, noise_rate: Fraction | None = None, start: Fraction | None = None
) -> MemorizationTime:
    """Return `memorization_time`."""
    spec = loss.spec
    if not is_own(spec):
        return memorization_time(loss, num_classes, noise_rate, start)
    value, status, method, at, error, detail = answer(_time_question(spec, num_classes, noise_rate, start))
    return MemorizationTime(value, Known(status), method and Method(method), at and tuple(at), error, detail)


def _time_question(spec: str, k: int, rate: Fraction | None, start: Fraction | None) -> Question:
    return Question(_time, (spec, k, rate and str(rate), start and str(start)))


def _time(spec: str, k: int, rate: str | None, start: str | None) -> list[Any]:
    found = memorization_time(get(spec), k, rate, start)
    method = found.method and found.method.value
    return [found.value, found.status.value, method, found.start, found.error, found.detail]


def paths_wanted(outcomes: Iterable[Outcome], setup: Setup, curve: Curve) -> list[Question]:
    """Return what `parameters_of` and `paths_of` will be asked for these outcomes."""
    wanted = rates_by_loss(outcomes)
    own = [_path_question(spec, setup, curve, rates) for spec, rates in wanted.items() if is_own(spec)]
    return [Question(_parameters, (setup, curve)), *own]


def parameters_of(setup: Setup, curve: Curve) -> Parameters:
    """Return the parameters of D4 fitted to the measured M of CCE."""
    return Parameters(*answer(Question(_parameters, (setup, curve))))


def _parameters(setup: Setup, curve: Curve) -> list[float]:
    found = fitted(setup, curve)
    return [found.ratio, found.spread, found.scale, found.error]


def paths_of(
    curve: Curve,
) -> Callable[[str, Setup, Parameters, tuple[Fraction, ...]], dict[Fraction, MemorizationPath]]:
    """Return what predicts as `mean_field_judge.paths` does, under the parameters fitted to a curve."""

    def predict(
        spec: str, setup: Setup, parameters: Parameters, rates: tuple[Fraction, ...]
    ) -> dict[Fraction, MemorizationPath]:
        if not is_own(spec):
            return paths(spec, setup, parameters, rates)
        found = answer(_path_question(spec, setup, curve, rates))
        if isinstance(found, str):
            raise ValueError(found)
        curves = (MemorizationPath(*map(tuple, path)) for path in found)
        return dict(zip(rates, curves, strict=True))

    return predict


def _path_question(spec: str, setup: Setup, curve: Curve, rates: tuple[Fraction, ...]) -> Question:
    return Question(_paths, (spec, setup, curve, tuple(map(str, rates))))


def _paths(spec: str, setup: Setup, curve: Curve, rates: tuple[str, ...]) -> Any:
    """Return four curves for each rate, or why there are none."""
    try:
        found = paths(spec, setup, fitted(setup, curve), tuple(map(Fraction, rates)))
    except (ValueError, TypeError) as error:
        return str(error)
    return [
        [p.noisy_train_accuracy, p.clean_train_accuracy, p.memorization_rate, p.recovery_rate]
        for p in found.values()
    ]
