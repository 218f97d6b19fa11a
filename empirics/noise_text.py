"""What a user means by a kind of noise: a text, a number, a noise model, an array.  No torch here."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

from lossmatters.empirics.data.sources import read_npy
from lossmatters.empirics.noise_kinds import (
    FAMILIES,
    UNIFORM,
    Annotated,
    ByClass,
    BySample,
    Family,
    Given,
    NoiseKind,
)
from lossmatters.theory.exact import check_rate, fail
from lossmatters.theory.noise import ClassConditionalNoise, InstanceDependentNoise, SymmetricNoise
from lossmatters.theory.noise_inputs import transition_rows


def noise_kind(noise: Any) -> tuple[NoiseKind, Fraction | None]:
    """Return the kind that is meant, and the rate that was given with it.

    Parameters
    ----------
    noise : NoiseKind, noise model, str, array or number
        A kind; "pair", "pair:0.4", "asymmetric:0.2", or 0.4 for uniform noise; ``T.npy``, a transition matrix
        in a file; ``instance:rates.py:eta``, a function from inputs to rates; "annotated", for labels of
        which nobody knows the clean ones; a noise model of `lossmatters.theory.noise`; (N,) labels.

    Raises
    ------
    TypeError, ValueError
        Anything else, or a rate out of [0, 1].
    """
    if isinstance(noise, Family | ByClass | BySample | Given | Annotated):
        return noise, None
    if isinstance(noise, SymmetricNoise):
        return UNIFORM, noise.noise_rate
    if isinstance(noise, ClassConditionalNoise):
        return ByClass(noise), None
    if isinstance(noise, InstanceDependentNoise):
        return BySample(noise), None
    if isinstance(noise, str):
        return _of_text(noise)
    if isinstance(noise, int | float | Fraction) and not isinstance(noise, bool):
        return UNIFORM, check_rate(noise)
    labels = noise.detach().cpu().numpy() if hasattr(noise, "detach") else noise
    if isinstance(labels, list | tuple | np.ndarray):
        return Given(np.asarray(labels)), None
    fail("noise", "a kind, a rate, a noise model or an array of labels", type(noise).__name__, TypeError)


def _of_text(text: str) -> tuple[NoiseKind, Fraction | None]:
    word, colon, rest = text.strip().partition(":")
    if word in FAMILIES:
        return Family(word), check_rate(rest) if colon else None
    if word == "instance" and rest:
        return BySample(rest), None
    if text.strip() == Annotated.kind:
        return Annotated(), None
    if text.strip().endswith(".npy"):
        return ByClass(read_matrix(text.strip())), None
    try:
        return UNIFORM, check_rate(text)
    except (TypeError, ValueError):
        forms = "a rate, pair:RATE, asymmetric:RATE, T.npy, instance:FILE.py:NAME or annotated"
        fail("noise", forms, text)


def read_matrix(path: str) -> ClassConditionalNoise:
    """Return the noise of a transition matrix in an ``.npy`` file, rows of which sum to 1 but for rounding.

    Raises
    ------
    ValueError
        No such file or matrix.
    """
    matrix = read_npy(path, "noise")
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or matrix.dtype.kind not in "fiu":
        fail("noise", "a square matrix of numbers", (matrix.dtype.name, matrix.shape))
    return ClassConditionalNoise(transition_rows(matrix))
