"""Records that no training run wrote: what the rules for training claims are tried on.

They are made in memory, say so in every field, and never reach a file of records.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from empirics.records import Record

EPOCHS = 6
RATES = tuple(Fraction(n, 20) for n in (0, 4, 8, 12, 17))
RESISTS, MEMORISES, LEARNS_NOTHING = "resists", "memorises", "learns nothing"


def records(behaviour: dict[str, str], seeds: int = 5, **levels: float) -> list[Record]:
    """Runs in which each loss behaves as told at every rate.

    Parameters
    ----------
    behaviour : loss text -> "resists" (J2 near 1, J1 near 1 - eta, breaking down at 0.85), "resists for
        ever" (at 0.85 too), "memorises" (J1 = 1, after J2 > J1) or "learns nothing" (a tenth of all).
    seeds : runs of each; values differ a little between seeds.
    """
    return [
        _run(loss, how, rate, seed)
        for loss, how in behaviour.items()
        for rate in RATES
        for seed in range(seeds)
    ]


def _run(loss: str, how: str, rate: Fraction, seed: int) -> Record:
    f, wobble = float(rate), seed / 1000
    start = (0.6 - f / 2, 0.97)  # J2 > J1 at first
    if how == LEARNS_NOTHING:
        end = start = (0.1, 0.1)
    elif how == MEMORISES:
        end = (1.0, 1 - f)
    elif rate > Fraction(4, 5) and how == RESISTS:
        end = (0.4, 0.2)
    else:
        end = (1 - f - wobble * f, 0.99 - wobble)
    path = [i / (EPOCHS - 1) for i in range(EPOCHS)]
    j1, j2 = ([a + (b - a) * x for x in path] for a, b in zip(start, end, strict=True))
    if not f:
        j1 = j2
        altered: tuple[list[Any], list[Any]] = ([None] * EPOCHS, [None] * EPOCHS)
    else:
        altered = ([x * f for x in path], [1 - x * f for x in path])
    recall = 0.0 if how == LEARNS_NOTHING else 0.9 * j2[-1] - wobble
    return Record(
        experiment="fabricated",
        dataset={"name": "fabricated", "sha256": "", "train_size": 0, "test_size": 0, "num_classes": 10},
        model={"name": "fabricated", "widths": [], "parameters": 0},
        training={"optimizer": "none", "epochs": EPOCHS},
        loss=loss,
        noise={"kind": "uniform", "draw": "exact", "rate": str(rate), "realised_rate": f},
        seed=seed,
        curves={
            "train_loss": [1.0] * EPOCHS,
            "noisy_train_accuracy": [*j1],
            "clean_train_accuracy": [*j2],
            "memorization_rate": altered[0],
            "recovery_rate": altered[1],
            "test_accuracy": [x - 0.02 for x in j2],
            "min_class_recall": [recall] * EPOCHS,
        },
        provenance={"fabricated": True},
    )
