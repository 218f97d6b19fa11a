"""Whether a loss treats classes alike: permuting the classes permutes the losses."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from lossmatters.theory.backends import backend
from lossmatters.theory.formula.nodes import SINGLING, Node, walk
from lossmatters.theory.formula.tracing import trace_formula, trace_weights
from lossmatters.theory.losses import Loss
from lossmatters.theory.losses.structure import by_structure
from lossmatters.theory.symbolic.algebra import is_zero, symbolic_losses

ROUNDING = 1e-4  # a callable may compute in float32 or less: some hundred roundings of 2^-24


@lru_cache(maxsize=256)
def treats_classes_alike(loss: Loss, num_classes: int) -> bool:
    """Return whether permuting the classes is shown to permute the losses, at one K.

    A formula of elementwise operations and of reductions over all classes does so by itself. Of one that
    picks out classes, as a sum written as a loop does, algebra must show it. A function of tensors is tried
    at random outputs, in floats.
    """
    k = num_classes

    def by_nodes(node: Node) -> bool:
        return not any(part.op in SINGLING for part in walk(node)) or _by_algebra(loss, k)

    return by_structure(
        loss,
        separable=lambda loss: True,
        total=lambda loss: all(treats_classes_alike(term, k) for _, term in loss.terms),
        normalised=lambda loss: treats_classes_alike(loss.base, k),
        share=lambda loss: by_nodes(trace_weights(loss, k)),
        mixture=lambda loss: treats_classes_alike(loss.base, k),
        unbounded=lambda loss: by_nodes(trace_formula(loss, k)),
        formula=lambda loss: by_nodes(trace_formula(loss, k)),
        opaque=lambda loss: _in_floats(loss, k),
    )


def _by_algebra(loss: Loss, k: int) -> bool:
    """Return whether exchanging two classes, and passing all on by one, is shown to permute the losses."""
    if not _in_floats(loss, k):
        return False
    try:
        symbols, columns = symbolic_losses(loss, k)
    except TypeError:  # the formula compares probabilities
        return False
    for order in ([1, 0, *range(2, k)], [*range(1, k), 0]):
        moved = {symbols[to]: symbols[i] for i, to in enumerate(order)}
        for i, to in enumerate(order):
            there = columns[to].xreplace(moved)
            if there != columns[i] and not is_zero(there - columns[i]):
                return False
    return True


def _in_floats(loss: Loss, k: int) -> bool:
    numpy, rng = backend("numpy"), np.random.default_rng(0)
    probs = rng.dirichlet(np.ones(k), 3)
    order = np.roll(np.arange(k), 1)
    with np.errstate(all="ignore"):
        first = np.asarray(loss.all_labels(probs, numpy), dtype=float)[:, order]
        second = np.asarray(loss.all_labels(probs[:, order], numpy), dtype=float)
    return bool(np.allclose(first, second, rtol=ROUNDING, atol=ROUNDING, equal_nan=True))
