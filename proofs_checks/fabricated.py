"""Records that no training run wrote: what the rules for training claims are tried on.

They are made in memory, say so in every field, and never reach a file of records.
"""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction
from typing import Any

from lossmatters.empirics.records import RISKS, Record
from lossmatters.proofs_checks.claim import UNIFORM
from lossmatters.theory.risk.finite import predicted_noisy_risk

EPOCHS = 6
RATES = tuple(Fraction(n, 20) for n in (0, 4, 8, 12, 17))
RESISTS, MEMORISES, LEARNS_NOTHING = "resists", "memorises", "learns nothing"
RESISTS_FOREVER, DROPS_A_CLASS, FAILS_CONTROL = "resists for ever", "drops a class", "fails its control"

# C at K = 10, by hand: the rules look it up in the theory, and must come to the same.
CONSTANTS = {"rll(alpha=1/10)": 10 * math.log(11), "nmse": 1.0, "mae": 18.0}
WARM = {
    **dict.fromkeys((("cce", loss) for loss in CONSTANTS), MEMORISES),
    ("rll(alpha=1/10)", "cce"): MEMORISES,
    ("rll(alpha=1/10)", "rll(alpha=1/10)"): RESISTS,
}
WARM_RATE = RATES[2]

_DECAY, _CROPS = {"weight_decay": "1/10000"}, {"augmentation": "crop"}
REGULARISED: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "no regulariser": ({}, {}),
    "weight decay": ({}, _DECAY),
    "dropout": ({"dropout": "1/2"}, {}),
    "augmentation": ({}, _CROPS),
    "all regularisers": ({"batch_norm": True, "dropout": "1/2"}, {**_DECAY, **_CROPS}),
}


def records(
    behaviour: dict[str, str],
    seeds: int = 5,
    warm: dict[tuple[str, str], str] = WARM,
    regularised: dict[str, str] | None = None,
    kind: str = UNIFORM,
    **risks: float,
) -> list[Record]:
    """Make runs in which each loss behaves as told at every rate.

    Parameters
    ----------
    behaviour : loss text -> "resists" (J2 near 1, J1 near 1 - eta, breaking down at 0.85), "resists for
        ever" (at 0.85 too), "memorises" (J1 = 1, after J2 > J1), "learns nothing" (a tenth of all),
        "drops a class" (as if it resisted, but one class is never given) or "fails its control" (resists,
        but does not fit clean labels).
    seeds : runs of each; values differ a little between seeds.
    warm : (start, loss) -> the same for warm starts, at 2/5, of those whose two losses are among `behaviour`.
    regularised : for set-ups of CCE at 2/5 with other regularisers than the main one, which has batch
        normalisation alone: a name of `REGULARISED` -> how it behaves.
    kind : of the noise.
    risks : risks that are not as they ought to be, by the names of `lossmatters.empirics.records.RISKS`,
        relative to C.
    """
    asked: list[tuple[str, str, Fraction, str | None]] = [
        (loss, how, rate, None) for loss, how in behaviour.items() for rate in RATES
    ]
    asked += [
        (loss, how, WARM_RATE, start)
        for (start, loss), how in warm.items()
        if start in behaviour and loss in behaviour
    ]
    found = [
        _run(loss, how, rate, start, seed, risks) for loss, how, rate, start in asked for seed in range(seeds)
    ]
    for name, how in (regularised or {}).items():
        model, training = REGULARISED[name]
        for seed in range(seeds):
            run = _run("cce", how, WARM_RATE, None, seed, {})
            found.append(
                replace(
                    run,
                    model={**run.model, "batch_norm": False, "dropout": "0", **model},
                    training={**run.training, "variant": name, **training},
                )
            )
    return [replace(run, noise={**run.noise, "kind": kind}) for run in found]


def _run(
    loss: str, how: str, rate: Fraction, start: str | None, seed: int, wrong: dict[str, float]
) -> Record:
    f, wobble = float(rate), seed / 1000
    first = (0.6 - f / 2, 0.97)  # J2 > J1 at first
    if how == LEARNS_NOTHING:
        end = first = (0.1, 0.1)
    elif how == MEMORISES:
        end = (1.0, 1 - f)
    elif how == DROPS_A_CLASS or (how == FAILS_CONTROL and not f):
        end = (0.89 * (1 - f) - wobble * f, 0.89 - wobble)
    elif rate > Fraction(4, 5) and how == RESISTS:
        end = (0.4, 0.2)
    else:
        end = (1 - f - wobble * f, 0.99 - wobble)
    path = [i / (EPOCHS - 1) for i in range(EPOCHS)]
    j1, j2 = ([a + (b - a) * x for x in path] for a, b in zip(first, end, strict=True))
    altered: tuple[list[Any], list[Any]] = ([None] * EPOCHS, [None] * EPOCHS)
    if not f:
        j1 = j2
    else:  # J1 - J2 = f (M - A_f) by M1, and what is not memorised is recovered, or both are at chance
        both = 0.2 if how == LEARNS_NOTHING else 1.0
        gaps = [min(max((a - b) / f, -both), both) for a, b in zip(j1, j2, strict=True)]
        altered = ([(both + gap) / 2 for gap in gaps], [(both - gap) / 2 for gap in gaps])
    recall = 0.0 if how in (LEARNS_NOTHING, DROPS_A_CLASS) else 0.9 * j2[-1] - wobble
    # a training that the mean-field model can describe, though nothing was trained
    training = {
        "optimiser": "adam",
        "batch_size": 50,
        "epochs": EPOCHS,
        "schedule": "constant, then linear to 0, by step",
        "constant_share": "1",
    }
    return Record(
        experiment="fabricated",
        dataset={
            "name": "fabricated",
            "sha256": "0" * 64,
            "train_size": 1000,
            "test_size": 0,
            "num_classes": 10,
        },
        model={"name": "fabricated", "widths": [], "parameters": 0, "batch_norm": True, "dropout": "0"},
        training=training if start is None else {**training, "start": start},
        loss=loss,
        noise={"kind": UNIFORM, "draw": "exact", "rate": str(rate), "realised_rate": f},
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
        risks=_risks(loss, how, f, wobble, wrong),
    )


def _risks(loss: str, how: str, f: float, wobble: float, wrong: dict[str, float]) -> dict[str, float] | None:
    """Make risks as R1 has them under fresh noise; a memoriser has next to none on its own labels."""
    if loss not in CONSTANTS:
        return None
    c = CONSTANTS[loss]
    clean = c * ((f if how == MEMORISES else 0.01) / 10 + wobble / 100)
    fresh = predicted_noisy_risk(clean, c, f, 10)
    own = fresh / (1000 if how == MEMORISES else 1.1)
    found = dict(zip(RISKS, (own, fresh, clean), strict=True))
    return found | {name: c * (value + wobble / 100) for name, value in wrong.items()}
