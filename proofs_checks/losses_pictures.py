"""A small picture of each loss for the page of the catalogue: L and the mean over all labels on one path."""

from __future__ import annotations

import numpy as np

from lossmatters.theory.backends import backend
from lossmatters.theory.losses import Loss

K = 10
WIDTH, HEIGHT, EDGE = 230, 120, 8
BLUE, ORANGE, GREY = "#2f7fd0", "#d9792b", "#8a8a8a"  # to be read on white and on black
SHARES = np.linspace(0.02, 0.99, 49)  # of the label; logarithms are infinite at the ends


def picture(loss: Loss) -> str:
    """Return an SVG of L(u, y) and S(u)/K against u_y, with the other classes alike, at K = 10."""
    probs = np.repeat(((1 - SHARES) / (K - 1))[:, None], K, axis=1)
    probs[:, 0] = SHARES
    value = loss.values(probs, np.zeros(len(SHARES), dtype=int))
    mean = np.asarray(loss.label_sum(probs, backend("numpy")), dtype=float) / K
    both = np.concatenate([value, mean])
    low, high = min(0.0, float(both.min())), max(0.0, float(both.max()))

    def line(heights: np.ndarray, colour: str) -> str:
        points = " ".join(
            f"{_across(s):.1f},{_up(h, low, high):.1f}" for s, h in zip(SHARES, heights, strict=True)
        )
        return f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>'

    zero = f"{_up(0.0, low, high):.1f}"
    uniform = f"{_across(1 / K):.1f}"
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}">',
            f'<path d="M{EDGE},{zero}H{WIDTH - EDGE}" stroke="{GREY}"/>',
            f'<path d="M{uniform},{EDGE}V{HEIGHT - EDGE}" stroke="{GREY}" stroke-dasharray="2 3"/>',
            line(mean, ORANGE),
            line(value, BLUE),
            "</svg>",
            "",
        ]
    )


def _across(share: float) -> float:
    return EDGE + share * (WIDTH - 2 * EDGE)


def _up(height: float, low: float, high: float) -> float:
    return HEIGHT - EDGE - (height - low) / ((high - low) or 1) * (HEIGHT - 2 * EDGE)
