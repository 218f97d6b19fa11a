"""Verdicts on losses drawn at random: sums of multiples, some normalised, with parameters of their own."""

from __future__ import annotations

import random
import signal
from dataclasses import fields
from fractions import Fraction
from pathlib import Path

from children import forked
from soaking import LONGEST, PATIENCE, Wrong

from lossmatters.cli import main
from lossmatters.theory.losses import LOSSES, get


def drawn(draw: random.Random) -> str:
    """Return the text of a loss: one to three terms, each of the catalogue or one over its label sum."""
    terms = []
    for _ in range(draw.choice((1, 2, 2, 3))):
        spec = _one(draw)
        if draw.random() < 0.2:
            spec = f"Normalized({spec})"
        factor = Fraction(draw.randint(1, 100), draw.randint(1, 10))
        terms.append(spec if draw.random() < 0.3 else f"{factor}*{spec}")
    return " + ".join(terms)


def _one(draw: random.Random) -> str:
    name = draw.choice(sorted(LOSSES))
    chosen = [
        f"{field.name}={Fraction(draw.randint(0, 40), draw.randint(1, 20))}"
        for field in fields(LOSSES[name])  # type: ignore[arg-type]
        if isinstance(field.default, Fraction) and draw.random() < 0.6
    ]
    spec = f"{name}({', '.join(chosen)})"
    try:
        return get(spec).spec
    except (ValueError, TypeError):  # outside what it takes
        return name


def fuzz_verdicts(draw: random.Random, folder: Path) -> None:
    """`certify` says what is known of a loss, in 20 s, and values do not speak against it."""
    spec = drawn(draw)
    try:
        get(spec)
    except (ValueError, TypeError):  # a sum that is 0, or without values
        return
    arguments = ["certify", spec, "-K", str(draw.choice((2, 3, 4, 7, 10, 12))), "--json"]
    child = forked(lambda: main(arguments), folder, folder / "said", LONGEST, None)
    try:
        if not child.gone(PATIENCE) or child.status == -signal.SIGXCPU:
            raise Wrong(f"more than {LONGEST:g} s: {arguments}")
        if "Traceback" in child.output or child.status != 0:
            raise Wrong(f"status {child.status}: {arguments}\n{child.output[-1500:]}")
    finally:
        child.end()
