"""R8, R9 and Y1: a loss split in two, symmetrised, averaged over noise and corrected for it."""

from __future__ import annotations

import random
from fractions import Fraction

import numpy as np
import pytest
import sympy
import torch

from lossmatters.theory.backends import backend
from lossmatters.theory.backends.sympy_ops import OPS, exactly
from lossmatters.theory.dynamics import memorization_time
from lossmatters.theory.losses import (
    CCE,
    LOSSES,
    MAE,
    MSE,
    NCE,
    RLL,
    CallableLoss,
    Corrected,
    SeparableLoss,
    corrected,
    get,
    label_mean,
    noise_averaged,
    symmetrised,
)
from lossmatters.theory.losses.corrected import inverse
from lossmatters.theory.losses.symmetrising import Symmetrised
from lossmatters.theory.minimisers import calibration
from lossmatters.theory.noise import SymmetricNoise
from lossmatters.theory.symbolic.algebra import K, is_zero
from lossmatters.theory.symmetry import decide, split, symmetrise
from lossmatters.theory.verdict import ClassCounts

WRAPPED = (
    "symmetrise(cce)",
    "symmetrise(gce)",
    "symmetrise(mse)",
    "noisy(cce, eta=2/5)",
    "label_mean(agce)",
    "backward(cce, eta=2/5)",
    "backward(nmse, eta=1/5)",
    "forward(gce, eta=2/5)",
    "forward(nce, eta=1/5)",
    "noisy(nnce, eta=3/10)",
)
T3 = (("7/10", "1/5", "1/10"), ("1/10", "4/5", "1/10"), ("0", "3/10", "7/10"))


def points(num_classes: int, count: int = 5) -> np.ndarray:
    return np.random.default_rng(0).dirichlet(np.ones(num_classes), count)


def every(loss, probs: np.ndarray) -> np.ndarray:
    return np.stack([loss.values(probs, np.full(len(probs), j)) for j in range(probs.shape[1])], axis=1)


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("k", [2, 5])
def test_the_parts_add_up_and_only_one_sees_the_label(name, k):
    loss, probs = get(name), points(k)
    parts = split(loss)
    symmetric, free, whole = (every(x, probs) for x in (parts.symmetric, parts.label_free, loss))
    # c is one number for all outputs and labels; sums of K losses of size 10 round at 1e-14
    constant = symmetric + free - whole
    np.testing.assert_allclose(constant, constant.flat[0], atol=1e-12)
    np.testing.assert_allclose(free, free[:, :1] * np.ones(k), atol=1e-12)
    np.testing.assert_allclose(symmetric.sum(axis=1), k * constant.flat[0], atol=1e-11)


@pytest.mark.parametrize("name", LOSSES)
def test_noise_shrinks_the_symmetric_part_and_no_more(name):
    loss, probs, k, eta = get(name), points(4), 4, Fraction(2, 5)
    matrix = np.array(SymmetricNoise(eta).transition_matrix(k), dtype=float)
    averaged = every(loss, probs) @ matrix.T
    np.testing.assert_allclose(every(noise_averaged(loss, eta), probs), averaged, atol=1e-12)


@pytest.mark.parametrize("name", [n for n, c in LOSSES.items() if issubclass(c, SeparableLoss)])
def test_symmetrised_losses_are_symmetric_for_every_number_of_classes(name):
    verdict = decide(symmetrise(name))
    assert verdict.status == "proved"
    assert verdict.scope.classes == ClassCounts.every()


def same_for_all_classes(first: SeparableLoss, second: SeparableLoss, factor=1) -> bool:
    t = sympy.Symbol("t", positive=True)
    pairs = [
        [exactly(getattr(x.bound_to(OPS), part)(t, K, OPS)) for x in (first, second)]
        for part in ("on_label", "off_label")
    ]
    return all(is_zero(a - factor * b) for a, b in pairs)


def test_identities_of_symmetrised_losses_hold_for_every_number_of_classes():
    alpha = Fraction(2, 7)
    shifted = get("agce")  # any other loss is not it
    t = sympy.Symbol("t", positive=True)
    whole = symmetrise("mse")
    on, off = (exactly(getattr(whole, part)(t, K, OPS)) for part in ("on_label", "off_label"))
    # off(u_i) summed over the others is linear in them, so the sum of u_i = 1 moves it to the label
    assert is_zero(on + (K - 1) * off.subs(t, 0) + sympy.diff(off, t) * (1 - t) - 2 * (1 - t))
    forward = corrected(CCE(), "1/5", "forward")  # -log(a t + b), a shifted cross-entropy
    shift = (sympy.Rational(1, 5) / (K - 1)) / (1 - sympy.Rational(1, 5) * K / (K - 1))
    rll = RLL(alpha=alpha)
    object.__setattr__(rll, "alpha", shift)
    rll = rll.bound_to(OPS)
    part = symmetrised(forward)
    for name in ("on_label", "off_label"):
        left = exactly(getattr(part, name)(t, K, OPS))
        right = getattr(rll, name)(t, K, OPS) * (K - 1) / K
        assert is_zero(sympy.diff(left - right, t))
    assert not same_for_all_classes(symmetrise(shifted), symmetrise("gce"))


def test_symmetrised_cross_entropy_is_linear_in_the_logits():
    logits = torch.randn(4, 7, dtype=torch.float64, generator=torch.Generator().manual_seed(0)) * 50
    labels = torch.tensor([0, 1, 2, 6])
    values = symmetrise("cce").criterion("none")(logits, labels)
    own = logits.gather(1, labels[:, None])[:, 0]
    assert torch.allclose(values, logits.mean(dim=1) - own, rtol=0, atol=1e-12 * 350)


def test_symmetrising_is_idempotent_and_leaves_shares_alone():
    assert symmetrise(symmetrise("gce")) == symmetrise("gce")
    assert symmetrise(NCE()) == NCE()
    probs = points(5)
    np.testing.assert_allclose(every(symmetrise(MSE()), probs), every(MAE(), probs), atol=1e-15)
    np.testing.assert_allclose(every(symmetrise(RLL()), probs) * 5 / 5, every(RLL(), probs) * 1.0, atol=1e-14)


def test_a_torch_criterion_is_symmetrised_too():
    criterion = symmetrise(torch.nn.CrossEntropyLoss(reduction="none"))
    assert isinstance(criterion, CallableLoss)
    logits = torch.randn(3, 4, generator=torch.Generator().manual_seed(0))
    labels = torch.tensor([0, 3, 1])
    expected = symmetrise("cce").criterion("none")(logits, labels)
    assert torch.allclose(criterion.criterion("none")(logits, labels), expected, atol=1e-6)


@pytest.mark.parametrize("spec", WRAPPED)
def test_texts_come_back_and_gradients_are_right(spec):
    loss = get(spec)
    assert get(loss.spec) == loss
    logits = torch.randn(3, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    labels, criterion = torch.tensor([0, 3, 1]), loss.criterion("none")
    assert torch.autograd.gradcheck(lambda z: criterion(z, labels), logits.requires_grad_())
    probs = torch.softmax(logits.detach(), 1).numpy()
    np.testing.assert_allclose(
        criterion(logits, labels).detach(),
        loss.values(probs / probs.sum(1, keepdims=True), labels.numpy()),
        rtol=1e-12,
    )
    far = (torch.randn(3, 4, generator=torch.Generator().manual_seed(2)) * 1e4).requires_grad_()
    (gradient,) = torch.autograd.grad(criterion(far, labels).sum(), far)
    assert bool(gradient.isfinite().all())


def random_matrix(rng: random.Random, k: int) -> tuple[tuple[Fraction, ...], ...]:
    rows = [[Fraction(rng.randint(0, 3)) for _ in range(k)] for _ in range(k)]
    for i, row in enumerate(rows):
        row[i] += 4 * k
    return tuple(tuple(x / sum(row) for x in row) for row in rows)


@pytest.mark.parametrize("name", ["mse", "mae", "nmse", "amse", "taylor-ce"])
def test_backward_correction_is_unbiased_exactly(name):
    rational, rng = backend("rational"), random.Random(0)
    for k in (2, 3, 4):
        matrix = random_matrix(rng, k)
        probs = rational.array([Fraction(i + 1, k * (k + 1) // 2) for i in range(k)])
        fixed = Corrected(get(name), matrix).all_labels(probs, rational)
        clean = get(name).all_labels(probs, rational)
        assert [sum(matrix[i][j] * fixed[j] for j in range(k)) for i in range(k)] == list(clean)
        assert list(fixed) != list(clean)


def test_a_uniform_matrix_gives_the_loss_for_every_number_of_classes():
    matrix = SymmetricNoise("1/5").transition_matrix(4)
    for way in ("backward", "forward"):
        for name in ("cce", "mse", "nmse"):
            one, other = corrected(get(name), matrix, way), corrected(get(name), "1/5", way)
            np.testing.assert_allclose(every(one, points(4)), every(other, points(4)), atol=1e-12)


def test_correction_of_a_symmetric_loss_is_affine_in_it():
    a, b = 1 - Fraction(2, 5) * 4 / 3, Fraction(2, 15)
    fixed = every(corrected(MAE(), "2/5"), points(4))
    np.testing.assert_allclose(fixed, (every(MAE(), points(4)) - float(b) * 6) / float(a), atol=1e-12)
    assert decide(corrected(MAE(), "2/5")).status == "proved"
    assert decide(corrected(CCE(), "2/5"), 4).status == "refuted"


def test_bad_corrections_say_why():
    with pytest.raises(ValueError, match="transition matrix must be invertible"):
        corrected(CCE(), (("1/2", "1/2"), ("1/2", "1/2")))
    with pytest.raises(ValueError, match="eta must be other than"):
        corrected(CCE(), "3/4").values([[0.25] * 4], [0])
    with pytest.raises(ValueError, match="summing to 1"):
        corrected(CCE(), (("1/2", "1/4"), ("1/2", "1/2")))
    with pytest.raises(ValueError, match="way must be one of"):
        corrected(CCE(), "1/5", "sideways")
    with pytest.raises(TypeError, match="formula"):
        corrected(get(torch.nn.CrossEntropyLoss(reduction="none")), "1/5")
    with pytest.raises(ValueError, match="takes eta=RATE"):
        get("backward(cce)")
    with pytest.raises(ValueError, match="num_classes must be 3"):
        Corrected(CCE(), T3).values([[0.5, 0.5]], [0])


def test_the_inverse_is_exact():
    matrix = Corrected(CCE(), T3).transition
    back = inverse(matrix)
    product = [[sum(matrix[i][m] * back[m][j] for m in range(3)) for j in range(3)] for i in range(3)]
    assert product == [[Fraction(int(i == j)) for j in range(3)] for i in range(3)]


def test_the_certificate_of_symmetrised_cross_entropy_is_complete():
    loss = symmetrise("cce")
    assert memorization_time(loss, 10, "2/5").value == float("inf")
    assert calibration(loss, 10).status == "refuted"
    assert calibration(loss, 2).status != "refuted"
    risks = calibration(loss, 10).witness["risks"]
    assert sorted(risks.values(), reverse=True) == list(risks.values())


def test_a_symmetrised_loss_of_any_formula_is_symmetric():
    zero_one = Symmetrised(get("zero-one"))
    assert float(zero_one.values([[0.2, 0.5, 0.3]], [1])[0]) == 0
    assert label_mean(get("zero-one")).values([[0.2, 0.5, 0.3]], [1])[0] == pytest.approx(2 / 3)
