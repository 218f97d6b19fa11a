"""Exact evidence: a statement tried on exact rational instances, or on all of a finite set.

Random instances that all agree are `sampled`, however exact each one is; a finite set gone through
whole is `proved` for that set. An instance that algebra and balls cannot tell (`NotShown`) is neither a pass
nor a counterexample: without a counterexample beside it the whole is undecided.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from fractions import Fraction
from typing import Any

import sympy

from lossmatters.proofs_checks.claim import Evidence, Method, Status
from lossmatters.theory.symbolic.algebra import is_zero
from lossmatters.theory.symbolic.points import sign_of

Counterexample = Any


class NotShown(Exception):
    """An instance was neither shown to agree nor shown to fail."""


def vanishes(number: sympy.Expr) -> bool:
    """Tell whether an exact closed form is 0: by algebra that it is, by its sign that it is not.

    Raises
    ------
    NotShown : neither shows it.
    """
    if is_zero(number):
        return True
    if number.is_infinite or sign_of(number)[0] in (-1, 1):
        return False
    raise NotShown(f"whether {number} is 0")


def all_of(
    instances: Iterable[Any], fails: Callable[[Any], Counterexample | None], scope: str, detail: str
) -> Evidence:
    """Go through a finite set; the first counterexample refutes."""
    return _run(instances, fails, Status.PROVED, scope, detail)


def draws(
    make: Callable[[random.Random], Any],
    fails: Callable[[Any], Counterexample | None],
    count: int,
    scope: str,
    detail: str,
) -> Evidence:
    """Try `count` random exact instances; the first counterexample refutes."""
    rng = random.Random(0)
    return _run((make(rng) for _ in range(count)), fails, Status.SAMPLED, scope, detail)


def _run(
    instances: Iterable[Any],
    fails: Callable[[Any], Counterexample | None],
    good: Status,
    scope: str,
    detail: str,
) -> Evidence:
    count, open_question = 0, ""
    for instance in instances:
        count += 1
        try:
            witness = fails(instance)
        except NotShown as found:
            open_question = open_question or f"instance {count}, {found}, is not shown: {detail}"
            continue
        if witness is not None:
            return Evidence(
                Method.EXACT, Status.REFUTED, scope, f"fails at instance {count}: {detail}", witness
            )
    if not count:
        return Evidence(Method.EXACT, Status.UNDECIDED, scope, f"no instance was tried: {detail}")
    if open_question:
        return Evidence(Method.EXACT, Status.UNDECIDED, scope, open_question)
    return Evidence(Method.EXACT, good, f"{scope}; {count} instances", detail)


def simplex_point(rng: random.Random, num_classes: int, size: int = 12) -> tuple[Fraction, ...]:
    """Return a random exact point; entries of 0, ties and vertices are common."""
    weights = [rng.choice((0, 0, 1, 1, 2, rng.randint(1, size))) for _ in range(num_classes)]
    if not any(weights):
        weights[rng.randrange(num_classes)] = 1
    total = sum(weights)
    return tuple(Fraction(w, total) for w in weights)


def noise_rate(rng: random.Random, num_classes: int, below_threshold: bool = False) -> Fraction:
    """Draw an exact rate; 0, the threshold and 1 are common unless it is to stay below the threshold."""
    star = Fraction(num_classes - 1, num_classes)
    if below_threshold:
        return star * Fraction(rng.randint(0, 19), 20)
    return rng.choice((Fraction(0), star, Fraction(1), Fraction(rng.randint(0, 20), 20)))


def strings(value: Any) -> Any:
    """Write nested tuples and dicts of exact numbers as plain JSON, numbers as strings."""
    if isinstance(value, dict):
        return {str(k): strings(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [strings(v) for v in value]
    return value if isinstance(value, bool | int | str) or value is None else str(value)
