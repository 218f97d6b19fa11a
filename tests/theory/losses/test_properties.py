"""What a loss declares of itself is verified: symmetric, bounded, its maximum, differentiable."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import mpmath
import numpy as np
import pytest
import torch
from agreement import REFERENCE, reference
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lossmatters.proofs_checks.strategies import losses, simplex_points
from lossmatters.theory.backends import backend
from lossmatters.theory.losses import LOSSES, Loss

ALL = list(LOSSES)
SYMMETRIC = [name for name in ALL if LOSSES[name]().symmetric]
ASYMMETRIC = [name for name in ALL if not LOSSES[name]().symmetric]
BOUNDED = [name for name in ALL if LOSSES[name]().bounded]
UNBOUNDED = [name for name in ALL if not LOSSES[name]().bounded]

# Label smoothing is least at the smoothed label; the unhinged loss on logits has no least value.
NOT_AT_VERTEX = ("label-smoothing", "logit-unhinged")
BELOW_ZERO = ("ldr-kl", "logit-unhinged")

# Rational points of the open simplex that differ in shape: even, skewed, tied.
POINTS = [
    (Fraction(1, 3), Fraction(1, 3), Fraction(1, 3)),
    (Fraction(1, 2), Fraction(1, 3), Fraction(1, 6)),
    (Fraction(2, 5), Fraction(2, 5), Fraction(1, 5)),
    (Fraction(97, 100), Fraction(1, 100), Fraction(1, 50)),
]
TOLERANCE = mpmath.mpf(10) ** -40  # 60 digits are computed; near a vertex some are lost


def label_sum(loss: Loss, point: tuple[Fraction, ...]):
    return reference(loss, point)[-1]


def maximum(loss: Loss, num_classes: int):
    """The declared maximum of L at K, as an mpmath number."""
    return REFERENCE.context.mpf(
        loss.bound_to(REFERENCE).upper_bound(REFERENCE.const(num_classes), REFERENCE)
    )


def candidates(num_classes: int) -> list[tuple[Fraction, ...]]:
    """Points where the losses of the catalogue are largest, for label 0, or nearly so.

    The wrong vertex; u_y = 0 with the rest even; 10^-20000 from that, and with nearly all of the rest on one
    class, for losses with no value at 0.
    """
    k, near = num_classes, Fraction(1, 10**20_000)
    even, little = Fraction(1, k - 1), Fraction(1, 10**4)
    return [
        (Fraction(0), Fraction(1), *[Fraction(0)] * (k - 2)),
        (Fraction(0), *[even] * (k - 1)),
        (near, *[(1 - near) * even] * (k - 1)),
        (near, *[little] * (k - 2), 1 - near - (k - 2) * little),
    ]


@pytest.mark.parametrize("name", SYMMETRIC)
def test_a_symmetric_loss_has_one_label_sum(name):
    loss = LOSSES[name]()
    constant = label_sum(loss, POINTS[0])
    for point in POINTS[1:]:
        assert abs(label_sum(loss, point) - constant) <= TOLERANCE * max(1, constant), point


@pytest.mark.parametrize("name", ASYMMETRIC)
def test_a_loss_declared_not_symmetric_is_not(name):
    """Two points whose label sums differ by far more than the error of 60 digits: a refutation."""
    sums = [label_sum(LOSSES[name](), point) for point in POINTS]
    assert max(sums) - min(sums) > mpmath.mpf(10) ** -3


@settings(max_examples=60)
@given(losses(), st.integers(2, 12), st.data())
def test_symmetric_for_every_number_of_classes_and_parameter(loss, num_classes, data):
    if not loss.symmetric:
        return
    point = data.draw(simplex_points(num_classes, exact=True, kinds=("interior", "ties")), label="u")
    uniform = (Fraction(1, num_classes),) * num_classes
    constant = label_sum(loss, uniform)
    assert abs(label_sum(loss, point) - constant) <= TOLERANCE * max(1, constant)


@pytest.mark.parametrize("name", ALL)
def test_sympy_tells_the_same_of_exact_label_sums(name):
    """Exact expressions at rational points, evaluated to 100 digits: another arithmetic than above.

    Not simplified: SymPy takes minutes over the roots in GCE's. Symmetry is proved elsewhere.
    """
    ops = backend("sympy")
    first, *others = LOSSES[name]().label_sum(ops.array(POINTS), ops)
    differences = [abs((first - other).evalf(100)) for other in others]
    if LOSSES[name]().symmetric:
        assert max(differences) < 1e-90
    else:
        assert max(differences) > 1e-3


@pytest.mark.parametrize("name", ALL)
def test_an_upper_bound_is_declared_exactly_where_the_loss_is_bounded(name):
    loss = LOSSES[name]()
    assert (loss.upper_bound(REFERENCE.const(3), REFERENCE) is not None) is loss.bounded


@pytest.mark.parametrize("num_classes", range(2, 13))
@pytest.mark.parametrize("name", BOUNDED)
def test_the_maximum_is_attained_and_not_exceeded(name, num_classes):
    loss = LOSSES[name]()
    bound = maximum(loss, num_classes)
    values = [reference(loss, point)[0] for point in candidates(num_classes)]
    largest = max(v for v in values if mpmath.isfinite(v))
    assert largest - bound <= TOLERANCE * bound
    # The ratios of logarithms, NCE and NFL, reach their supremum 1 slowly: at 10^-20000 to a part in 1000.
    slow = name.startswith(("nce", "nfl"))
    slack = mpmath.mpf(10) ** (-3 if slow else -20)
    assert bound - largest <= slack * bound, (largest, bound)


@settings(max_examples=150)
@given(losses(), simplex_points(st.integers(2, 12), exact=True))
@example(LOSSES["rll"](), (Fraction(0), Fraction(1, 2), Fraction(1, 2)))
@example(LOSSES["nmse"](), (Fraction(0), Fraction(1, 2), Fraction(1, 2)))
def test_no_value_is_negative_or_above_the_maximum(loss, point):
    values = [v for v in reference(loss, point)[:-1] if mpmath.isfinite(v)]
    assert loss.name in BELOW_ZERO or all(v >= -TOLERANCE for v in values), values
    if loss.bounded:
        bound = maximum(loss, len(point))
        assert all(v - bound <= TOLERANCE * bound for v in values), values


@pytest.mark.parametrize("name", UNBOUNDED)
def test_a_loss_declared_unbounded_passes_any_bound(name):
    values = [
        reference(LOSSES[name](), (Fraction(1, 10**p), 1 - Fraction(1, 10**p)))[0] for p in (1, 10, 100, 1000)
    ]
    assert all(later > earlier for earlier, later in pairwise(values))
    assert values[-1] > 200


@pytest.mark.parametrize("name", [name for name in ALL if name not in NOT_AT_VERTEX])
def test_the_loss_is_smallest_at_its_own_label(name):
    """L(e_y, y) = 0, the setting of N1; where there is no value at the vertex, next to it."""
    near = Fraction(1, 10**600)
    loss = LOSSES[name]()
    least = LEAST.get(name, lambda k: mpmath.mpf(0))(3)
    at = reference(loss, (Fraction(1), Fraction(0), Fraction(0)))[0]
    beside = reference(loss, (1 - 2 * near, near, near))[0]
    assert abs(at - least) <= TOLERANCE * abs(least) or not mpmath.isfinite(at)
    # A loss is as close to it as its formula: the roots of GCE and its like by 10^-40 and better.
    assert abs(beside - least) < mpmath.mpf(10) ** -40


@settings(max_examples=60)
@given(losses(), simplex_points(st.integers(2, 6), exact=True))
def test_no_output_has_a_smaller_loss_than_the_labels_vertex(loss, point):
    own = tuple(Fraction(int(i == 0)) for i in range(len(point)))
    here, best = reference(loss, point)[0], reference(loss, own)[0]
    assert not (mpmath.isfinite(here) and mpmath.isfinite(best)) or here >= best - TOLERANCE * (1 + best)


# As published, these are nowhere 0: a constant that no gradient and no order of risks sees.
LEAST = {
    "ael": lambda k: REFERENCE.context.exp(-REFERENCE.const(Fraction(2, 5))),
    "amse": lambda k: REFERENCE.const(Fraction(81, k)),
    "nce-ael": lambda k: 4 * REFERENCE.context.exp(-REFERENCE.const(Fraction(1, 5))),
    "nce-amse": lambda k: REFERENCE.const(Fraction(81, k)),
    "ldr-kl": lambda k: -10 * REFERENCE.context.log(REFERENCE.const(k)),
}


@pytest.mark.parametrize("name", ALL)
def test_differentiable_as_declared(name):
    """Differences from the left and from the right agree, at interior points with and without ties."""
    loss, h = LOSSES[name](), 1e-6
    jumps = []
    for point in ([0.55, 0.3, 0.15], [0.4, 0.4, 0.2], [1 / 3] * 3):
        u = np.array(point)
        for direction in (np.array([1.0, -1.0, 0.0]), np.array([-1.0, 0.5, 0.5])):
            rows = [u - h * direction, u, u + h * direction]
            left, here, right = loss.values(np.stack(rows), np.zeros(3, dtype=int))
            jumps.append(abs((right - here) - (here - left)) / h)
    # The second difference over h: h times a second derivative below 100 for a smooth loss.
    assert bool(max(jumps) < 1e-3) is loss.differentiable, max(jumps)


@pytest.mark.parametrize(("name", "kink"), [("truncated-gce", 0.5), ("nnce", 1e-7), ("nnfl", 1e-7)])
def test_the_kinks_are_where_the_docstrings_say(name, kink):
    """The slopes on the two sides of the kink differ by half of the larger; a little off it they agree."""
    loss, h = LOSSES[name](), kink * 1e-4
    jumps = {}
    for at in (kink, 1.5 * kink):
        u = np.array([[at - h, 1 - at + h], [at, 1 - at], [at + h, 1 - at - h]])
        left, here, right = loss.values(u, np.zeros(3, dtype=int))
        jumps[at] = abs((right - here) - (here - left)) / max(abs(right - here), abs(here - left))
    assert jumps[kink] > 0.5 > 1e-3 > jumps[1.5 * kink]
    assert "kink" in type(loss).__doc__


@pytest.mark.parametrize("name", ["zero-one"])  # epsilon-ce has one off its jumps
def test_a_loss_without_a_gradient_says_so_in_training(name):
    z = torch.zeros(1, 3, requires_grad=True)
    value = LOSSES[name]().criterion()(z, torch.tensor([0]))
    assert not value.requires_grad or not torch.autograd.grad(value, z, allow_unused=True)[0].any()
