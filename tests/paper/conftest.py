"""Synthetic records: invented curves of a plausible shape, never results of training."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction

import numpy as np
import pytest

from lossmatters.empirics.records import Record

MEMORISERS = {"cce": 1.0, "mse": 0.95, "focal(gamma=2)": 1.0, "sce(alpha=1/10, beta=1, A=4)": 0.8}
LOSSES = (
    "cce",
    "mse",
    "rll(alpha=1/10)",
    "nmse",
    "mae",
    "gce(q=7/10)",
    "rll(alpha=1/100)",
    "rll(alpha=1/2)",
    "nce",
)
WARM = (("cce", "nmse"), ("rll(alpha=1/10)", "cce"))
WARM_RATE = Fraction(2, 5)
RATES = (Fraction(0), Fraction(1, 5), Fraction(2, 5), Fraction(3, 5))


def synthetic_record(
    loss: str = "cce",
    rate: Fraction = Fraction(2, 5),
    seed: int = 0,
    epochs: int = 40,
    experiment: str = "synthetic",
    start: str | None = None,
    variant: str | None = None,
) -> Record:
    """One invented run. A memoriser learns first and memorises later; another loss only learns."""
    rng = np.random.default_rng([seed, *loss.encode(), rate.numerator, rate.denominator])
    t, f = np.arange(1, epochs + 1), float(rate)
    strength = MEMORISERS.get(loss, 0.05) * (0.97 + 0.03 * rng.random())
    learned = (0.97 + 0.02 * rng.random()) * (1 - np.exp(-t / 2))
    memorised = strength / (1 + np.exp(-(t - 0.4 * epochs) / (0.08 * epochs)))
    recovered = learned * (1 - memorised)
    curves = {
        "train_loss": (2.3 * np.exp(-t / 20)).tolist(),
        "noisy_train_accuracy": ((1 - f) * learned + f * memorised).tolist(),
        "clean_train_accuracy": ((1 - f) * learned + f * recovered).tolist(),
        "memorization_rate": memorised.tolist() if f else [None] * epochs,
        "recovery_rate": recovered.tolist() if f else [None] * epochs,
        "test_accuracy": (learned * (1 - 0.8 * f * memorised)).tolist(),
        "min_class_recall": (0.9 * learned * (1 - f * memorised)).tolist(),
    }
    return Record(
        experiment=experiment,
        dataset={
            "name": "invented",
            "sha256": "0" * 64,
            "train_size": 100,
            "test_size": 50,
            "num_classes": 10,
        },
        model={"name": "none", "widths": [1, 1], "parameters": 1},
        training={
            "optimiser": "adam",  # one that the mean-field model describes
            "batch_size": 50,
            "epochs": epochs,
            "schedule": "constant, then linear to 0, by step",
            "constant_share": "1",
        }
        | ({"start": start} if start else {})
        | ({"variant": variant} if variant else {}),
        loss=loss,
        noise={"kind": "symmetric", "draw": "independent", "rate": str(rate), "realised_rate": f},
        seed=seed,
        curves=curves,
        provenance={"device": "invented", "versions": {"numpy": np.__version__}, "wall_time": math.pi},
        # as R1 has them for C = 1
        risks={"own_labels": 1e-4, "clean_labels": 0.05, "fresh_labels": f / 9 + 0.05 * (1 - f * 10 / 9)},
    )


def synthetic_records(
    losses: Iterable[str] = LOSSES, rates: Iterable[Fraction] = RATES, seeds: int = 3, **kwargs: object
) -> list[Record]:
    """One invented run for each loss, rate and seed."""
    rates = tuple(rates)
    found = [synthetic_record(x, r, s, **kwargs) for x in losses for r in rates for s in range(seeds)]  # type: ignore[arg-type]
    warm = [(a, b) for a, b in WARM if {a, b} <= set(losses) and WARM_RATE in rates]
    return found + [
        synthetic_record(b, WARM_RATE, s, start=a, **kwargs)
        for a, b in warm
        for s in range(seeds)  # type: ignore[arg-type]
    ]


@pytest.fixture(scope="session")
def make_records() -> Callable[..., list[Record]]:
    return synthetic_records


@pytest.fixture(scope="session")
def make_record() -> Callable[..., Record]:
    return synthetic_record


@pytest.fixture(scope="module")
def svg_only() -> Iterator[None]:
    """Write one format of three, where a test is not about formats."""
    import lossmatters.paper.figures.write as write

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(write, "FORMATS", ("svg",))
        yield


@pytest.fixture(scope="session")
def records() -> list[Record]:
    return synthetic_records()


@pytest.fixture(scope="session")
def variant_records(records: list[Record]) -> list[Record]:
    """A set-up and, at one rate, CCE in three variants of it."""
    names = ("dropout", "all regularisers", "no regulariser")
    beside = [synthetic_records(["cce"], [WARM_RATE], variant=name) for name in names]
    return [*records, *(record for variant in beside for record in variant)]


@pytest.fixture(scope="session")
def records_for(records: list[Record], variant_records: list[Record]) -> Callable[[str], list[Record]]:
    """Records that a figure is drawn from, by what it is over."""
    return lambda over: variant_records if over == "variants" else records
