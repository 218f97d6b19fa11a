"""All claims, grouped as in the mathematics."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from lossmatters.proofs_checks.claim import Claim
from lossmatters.proofs_checks.claims.dynamics import (
    dynamics,
    logit_gradients,
    mean_field,
    predictor,
    tolerance_predictor,
)
from lossmatters.proofs_checks.claims.memorization import memorization
from lossmatters.proofs_checks.claims.minimisers import calibration, interpolation, minimisers, optima
from lossmatters.proofs_checks.claims.risk import (
    averaged_gradients,
    converse,
    corrected,
    duels,
    excess,
    generalization,
    instance_noise,
    noise_models,
    reversals,
    risk,
    robust_to,
    split,
    symmetrised,
    tolerance,
    validation,
)
from lossmatters.proofs_checks.claims.symmetry import constants, enclosure, formulas, losses, symmetry
from lossmatters.proofs_checks.claims.training import (
    false_resistance,
    pair_noise,
    training,
    training_regularised,
    warm_starts,
)

# Every statement of the reference has an entry in the ledger, checked or not.
STATEMENTS = (
    *(f"S{i}" for i in range(1, 5)),
    *(f"R{i}" for i in range(1, 10)),
    "Y1",
    *(f"A{i}" for i in range(1, 5)),
    "V1",
    *(f"N{i}" for i in range(1, 7)),
    *(f"M{i}" for i in range(1, 5)),
    *(f"D{i}" for i in range(1, 5)),
    *(f"E{i}" for i in range(1, 12)),
)


def _in_order(claims: Iterable[Claim]) -> tuple[Claim, ...]:
    """Sort claims: the losses first, then the statements in the order of the reference, parts after their
    whole.
    """
    claims = list(claims)
    table = [c for c in claims if c.id.startswith("L.")]
    rest = [c for c in claims if not c.id.startswith("L.")]
    place = {id: i for i, id in enumerate(STATEMENTS)}
    return (*table, *sorted(rest, key=lambda c: (place[c.id.split(".")[0]], c.id)))


CLAIMS: tuple[Claim, ...] = _in_order(
    c
    for module in (
        losses,
        constants,
        symmetry,
        formulas,
        enclosure,
        risk,
        excess,
        duels,
        converse,
        reversals,
        noise_models,
        instance_noise,
        robust_to,
        generalization,
        averaged_gradients,
        split,
        corrected,
        symmetrised,
        tolerance,
        validation,
        memorization,
        interpolation,
        minimisers,
        calibration,
        optima,
        dynamics,
        logit_gradients,
        training,
        training_regularised,
        pair_noise,
        predictor,
        tolerance_predictor,
        mean_field,
        warm_starts,
        false_resistance,
    )
    for c in module.CLAIMS
)


def find(names: Iterable[str]) -> tuple[Claim, ...]:
    """Return the claims of these ids; ``R1`` also brings its parts ``R1.order``, and a letter its whole
    group.

    Raises
    ------
    ValueError : an unknown id, with the nearest ones.
    """
    found: list[Claim] = []
    for name in names:
        key = name.lower()
        hits = [c for c in CLAIMS if _matches(c.id.lower(), key)]
        if not hits:
            near = difflib.get_close_matches(name, [c.id for c in CLAIMS], n=3, cutoff=0.3)
            hint = f"did you mean {', '.join(near)}?" if near else "see lossmatters verify"
            raise ValueError(f"claim must be a known id, got claim={name!r}; {hint}")
        found += [c for c in hits if c not in found]
    return tuple(found)


def _matches(id: str, key: str) -> bool:
    return id == key or id.startswith(key + ".") or (len(key) == 1 and key.isalpha() and id[0] == key)
