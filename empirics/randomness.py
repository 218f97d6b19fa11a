"""Where randomness comes from: one stream for each purpose, seeded by the run's seed alone.

This is the paired design. Runs of one seed share their initial weights and their order of batches
whatever their loss and noise rate, and share their altered labels whatever their loss. So a difference
between two losses at one seed is not a difference of luck. No stream depends on another one, or on
which networks are trained together.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np

PURPOSES = (
    "weights",
    "batch order",
    "labels",
    "crops",
    "dropout",
    "validation",
)  # a position is a key: only ever append


def stream(purpose: str, seed: int, *keys: int) -> np.random.Generator:
    """Return the generator of one purpose of one run; `keys` (integers >= 0) tell streams apart."""
    return np.random.default_rng([PURPOSES.index(purpose), seed, *keys])


def label_stream(seed: int, rate: Fraction, *keys: int) -> np.random.Generator:
    """Return the generator of altered labels, by seed and nominal rate; `keys` tell kinds of noise apart."""
    return stream("labels", seed, rate.numerator, rate.denominator, *keys)


def torch_seed(purpose: str, seed: int, *keys: int) -> int:
    """Return a seed for a ``torch.Generator``: 63 bits from the stream of that purpose."""
    return int(stream(purpose, seed, *keys).integers(2**63))
