"""Where an experiment's noisy labels come from, as declarations that records can tell apart.  No torch here.

A *family* has a rate that the grid of an experiment gives: uniform, pair and asymmetric noise. All other
kinds bring their own: a transition matrix, rates that depend on the sample, labels as they were annotated.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Protocol

import numpy as np

from lossmatters.empirics.data.base import Dataset
from lossmatters.empirics.randomness import label_stream
from lossmatters.theory.exact import exact, fail
from lossmatters.theory.noise import (
    CONFUSED,
    ClassConditionalNoise,
    InstanceDependentNoise,
    NoisyLabels,
    SymmetricNoise,
)


class NoiseKind(Protocol):
    """A source of noisy labels; plain data, hashable."""

    @property
    def kind(self) -> str:
        """Return the name of this kind of noise in records."""

    @property
    def rated(self) -> bool:
        """Return whether the grid gives the rate."""

    def draw(self, data: Dataset, rate: Fraction | None, seed: int) -> NoisyLabels:
        """Draw the labels of one run: from its seed and rate alone, whatever its loss."""

    def describe(self, data: Dataset, rate: Fraction | None) -> dict[str, Any]:
        """Return what was asked for: kind, draw, rate (nominal) and what else tells it from others."""

    def fresh(self, data: Dataset, rate: Fraction | None) -> Fraction | np.ndarray | None:
        """Return fresh noise for the risks: a uniform rate, or each sample's P(noisy = j), or None."""


@dataclass(frozen=True)
class Family:
    """Noise of one form at the rates of the grid, drawn as exact counts.

    Parameters
    ----------
    kind : "symmetric" (uniform noise), "pair" (class i becomes i + 1, the last the first) or "asymmetric".
    flips : of asymmetric noise, (clean, noisy) pairs of classes; empty for those of the literature, where
        the data set has them.
    """

    kind: str = "symmetric"
    flips: tuple[tuple[int, int], ...] = ()

    rated = True

    def __post_init__(self) -> None:
        if self.kind not in FAMILIES:
            fail("noise", f"one of {', '.join(FAMILIES)}", self.kind)

    def noise(self, data: Dataset, rate: Fraction) -> SymmetricNoise | ClassConditionalNoise:
        """Return the noise model at one rate."""
        if self.kind == "symmetric":
            return SymmetricNoise(rate)
        if self.kind == "pair":
            return ClassConditionalNoise.pair(rate, data.num_classes)
        return ClassConditionalNoise.asymmetric(rate, self._flips(data), data.num_classes)

    def _flips(self, data: Dataset) -> Mapping[int, int]:
        if self.flips:
            return dict(self.flips)
        base = data.name.partition("(")[0]
        if base not in CONFUSED:
            known = ", ".join(CONFUSED)
            fail("noise", f"given with its flips where the data set is not one of {known}", self.kind)
        return CONFUSED[base]

    def draw(self, data: Dataset, rate: Fraction | None, seed: int) -> NoisyLabels:
        assert rate is not None  # the grid of a family has rates
        # uniform noise has the streams that it always had; the other families have their own
        key = () if self.kind == "symmetric" else (FAMILIES.index(self.kind),)
        rng = label_stream(seed, rate, *key)
        return self.noise(data, rate).apply(data.train_labels, data.num_classes, rng, draw="exact")

    def describe(self, data: Dataset, rate: Fraction | None) -> dict[str, Any]:
        found: dict[str, Any] = {"kind": self.kind, "draw": "exact", "rate": str(rate)}
        if self.kind == "asymmetric":
            found["flips"] = [list(pair) for pair in sorted(self._flips(data).items())]
        return found

    def fresh(self, data: Dataset, rate: Fraction | None) -> Fraction | np.ndarray | None:
        assert rate is not None
        if self.kind == "symmetric":
            return rate
        return _rows(self.noise(data, rate).transition_matrix(data.num_classes), data)


FAMILIES = ("symmetric", "pair", "asymmetric")  # a position is a key of streams: only ever append
UNIFORM = Family()


@dataclass(frozen=True)
class ByClass:
    """Noise of one transition matrix, drawn as exact counts."""

    noise: ClassConditionalNoise

    kind = "class-conditional"
    rated = False

    def draw(self, data: Dataset, rate: Fraction | None, seed: int) -> NoisyLabels:
        rng = label_stream(seed, self.noise.rate(data.num_classes), len(FAMILIES))
        return self.noise.apply(data.train_labels, data.num_classes, rng, draw="exact")

    def describe(self, data: Dataset, rate: Fraction | None) -> dict[str, Any]:
        matrix = [list(map(str, row)) for row in self.noise.transition_matrix(data.num_classes)]
        found = {"kind": self.kind, "draw": "exact", "rate": str(self.noise.rate(data.num_classes))}
        text = json.dumps(matrix)
        # of many classes the matrix would outweigh the record
        return {**found, "matrix": matrix} if len(matrix) <= 20 else {**found, "matrix_sha256": _sha(text)}

    def fresh(self, data: Dataset, rate: Fraction | None) -> Fraction | np.ndarray | None:
        return _rows(self.noise.transition_matrix(data.num_classes), data)


@dataclass(frozen=True)
class BySample:
    """Uniform noise whose rate depends on the sample, each label altered on its own.

    Parameters
    ----------
    noise : of a function of the training inputs, as the data set holds them; or a text such as
        ``rates.py:eta``, where that function is.
    """

    noise: InstanceDependentNoise | str

    kind = "instance-dependent"
    rated = False

    def model(self) -> InstanceDependentNoise:
        """Return the noise model, loaded if it was given as a text."""
        if isinstance(self.noise, InstanceDependentNoise):
            return self.noise
        from lossmatters.empirics.loading import load_object

        return InstanceDependentNoise(load_object(self.noise, "noise"))

    def draw(self, data: Dataset, rate: Fraction | None, seed: int) -> NoisyLabels:
        rng = label_stream(seed, Fraction(0), len(FAMILIES) + 1)
        return self.model().apply(data.train_inputs, data.train_labels, data.num_classes, rng)

    def describe(self, data: Dataset, rate: Fraction | None) -> dict[str, Any]:
        rates = self.model().rates(data.train_inputs)
        # the mean as a decimal: its simplest rational would have digits that mean nothing
        nominal = str(exact(f"{rates.mean():.9f}"))
        return {"kind": self.kind, "draw": "independent", "rate": nominal, "rates_sha256": _sha(rates)}

    def fresh(self, data: Dataset, rate: Fraction | None) -> Fraction | np.ndarray | None:
        matrices = self.model().transition_matrices(data.train_inputs, data.num_classes)
        return matrices[np.arange(len(matrices)), data.train_labels]


@dataclass(frozen=True, eq=False)
class Given:
    """Labels as they were annotated, beside the clean ones that the data set holds; the same for each seed.

    Parameters
    ----------
    labels : (N,) integers, in the order of the training samples.
    """

    labels: np.ndarray

    kind = "given"
    rated = False

    def __post_init__(self) -> None:
        labels = np.asarray(self.labels)
        if labels.ndim != 1 or labels.dtype.kind not in "iu":
            fail("noisy_labels", "(N,) integers", (labels.dtype.name, labels.shape))
        object.__setattr__(self, "labels", labels.astype(np.int64))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Given) and np.array_equal(self.labels, other.labels)

    def __hash__(self) -> int:
        return hash(self.labels.tobytes())

    def draw(self, data: Dataset, rate: Fraction | None, seed: int) -> NoisyLabels:
        if len(self.labels) != len(data.train_labels):
            fail(
                "noisy_labels",
                f"as many as there are training samples, {len(data.train_labels)}",
                len(self.labels),
            )
        outside = (self.labels < 0) | (self.labels >= data.num_classes)
        if outside.any():
            fail("noisy_labels", f"in 0..{data.num_classes - 1}", int(self.labels[outside][0]))
        altered = int((self.labels != data.train_labels).sum())
        return NoisyLabels(data.train_labels, self.labels, Fraction(altered, len(self.labels)))

    def describe(self, data: Dataset, rate: Fraction | None) -> dict[str, Any]:
        drawn = self.draw(data, rate, 0)
        return {
            "kind": self.kind,
            "draw": "given",
            "rate": str(drawn.nominal_rate),
            "labels_sha256": _sha(self.labels),
        }

    def fresh(self, data: Dataset, rate: Fraction | None) -> Fraction | np.ndarray | None:
        counts = realised_counts(self.draw(data, rate, 0), data.num_classes)
        return (counts / counts.sum(axis=1, keepdims=True).clip(min=1))[data.train_labels]


@dataclass(frozen=True)
class Annotated:
    """The data set's own labels are as annotated, and nobody knows which are wrong.

    Then J1 is known, and J2, M, A_f and the rate are not: records have None for them.
    """

    kind = "annotated"
    rated = False

    def draw(self, data: Dataset, rate: Fraction | None, seed: int) -> NoisyLabels:
        return NoisyLabels(data.train_labels, data.train_labels, Fraction(0))

    def describe(self, data: Dataset, rate: Fraction | None) -> dict[str, Any]:
        return {"kind": self.kind, "draw": "given", "rate": None}

    def fresh(self, data: Dataset, rate: Fraction | None) -> Fraction | np.ndarray | None:
        return None


def realised(labels: NoisyLabels, kind: NoiseKind, num_classes: int) -> dict[str, Any]:
    """Return what a record says of the labels as drawn.

    ``realised_rate``; for all but uniform noise also ``realised_counts``: K x K, how many samples of each
    clean class (a row) have each label, where K <= 20.
    """
    if isinstance(kind, Annotated):
        return {"realised_rate": None}
    found: dict[str, Any] = {"realised_rate": float(labels.realised_rate)}
    if kind != UNIFORM and num_classes <= 20:
        found["realised_counts"] = realised_counts(labels, num_classes).tolist()
    return found


def realised_counts(labels: NoisyLabels, num_classes: int) -> np.ndarray:
    """Return (K, K) how many samples of each clean class (a row) have each label."""
    counts = np.zeros((num_classes, num_classes), dtype=np.int64)
    np.add.at(counts, (labels.clean_labels, labels.noisy_labels), 1)
    return counts


def _rows(matrix: Any, data: Dataset) -> np.ndarray:
    """Return, for each sample, the row of `matrix` of its clean class."""
    return np.array([[float(p) for p in row] for row in matrix])[data.train_labels]


def _sha(value: Any) -> str:
    data = value.encode() if isinstance(value, str) else repr(value.dtype.str).encode() + value.tobytes()
    return hashlib.sha256(data).hexdigest()
