"""One formula, five arithmetics: they agree on every registered loss, and would not on a wrong one."""

from __future__ import annotations

from fractions import Fraction

import flint
import mpmath
import numpy as np
import pytest
import sympy
import torch
from agreement import assert_agrees, is_within, reference
from hypothesis import given, settings
from hypothesis import strategies as st

from lossmatters.proofs_checks.strategies import combined_losses, losses, simplex_points
from lossmatters.theory.backends import BACKENDS, backend
from lossmatters.theory.backends.ball_ops import precision
from lossmatters.theory.backends.rational_ops import IrrationalError
from lossmatters.theory.losses import LOSSES, Loss, get

FAST = [name for name in BACKENDS if name != "sympy"]
THIRD = Fraction(1, 3)
CORNERS = [
    (Fraction(1), Fraction(0)),
    (Fraction(1, 2), Fraction(1, 2)),
    (Fraction(1, 4), Fraction(3, 4)),
    (Fraction(0), Fraction(1), Fraction(0)),
    (Fraction(1, 2), Fraction(1, 2), Fraction(0)),
    (Fraction(1, 4), Fraction(1, 4), Fraction(1, 2)),
    (Fraction(1, 8),) * 8,
]


def dyadic(u: np.ndarray) -> tuple[Fraction, ...]:
    """The exact value of a float64 point."""
    return tuple(map(Fraction, u))


@pytest.mark.parametrize("name", FAST)
@pytest.mark.parametrize("loss", LOSSES)
def test_backends_agree_on_every_loss_at_corners(loss, name):
    for point in CORNERS:
        assert_agrees(LOSSES[loss](), point, name)


@settings(max_examples=150)
@given(losses() | combined_losses(), simplex_points(st.integers(2, 12)), st.sampled_from(FAST))
def test_backends_agree_on_any_point_and_parameters(loss, u, name):
    assert_agrees(loss, dyadic(u), name)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("point", [(Fraction(2, 3), THIRD), (Fraction(1, 6), Fraction(1, 2), THIRD)])
def test_sympy_agrees_on_every_loss(loss, point):
    assert_agrees(LOSSES[loss](), point, "sympy")


@settings(max_examples=40)
@given(losses(), simplex_points(st.integers(2, 4), exact=True, kinds=("interior", "ties", "face", "vertex")))
def test_sympy_agrees_on_any_point_and_parameters(loss, point):
    assert_agrees(loss, point, "sympy")


@pytest.mark.parametrize("loss", LOSSES)
def test_softmax_of_logits_agrees(loss):
    """The route that training takes, logarithms in log space, against mpmath's softmax of the same logits."""
    logits = torch.tensor(
        [[0.0, 1.0, -2.0, 5.0], [30.0, 0.0, -30.0, 0.0], [0.0, 700.0, -100.0, 3.0]]
    ).double()
    matrix = LOSSES[loss]().matrix(logits)
    for row, found in zip(logits.tolist(), matrix.tolist(), strict=True):
        ctx = mpmath.mp.clone()
        ctx.dps = 400  # exp(-800) must not round away
        weights = [ctx.exp(x) for x in row]
        total = sum(weights)
        point = tuple(Fraction(*map(int, _ratio(w / total))) for w in weights)
        for j, value in enumerate(found):
            wanted = reference(LOSSES[loss](), point)[j]
            # float64's log-softmax is right to an ulp of the largest logit; 700 ulps are 1.6e-13.
            assert value == pytest.approx(float(wanted), rel=1e-11, abs=1e-12), (row, j)


def _ratio(x):
    man, exp = x.man_exp
    return (man * 2**exp, 1) if exp >= 0 else (man, 2**-exp)


class Perturbed(Loss):
    """A loss that one backend computes wrongly, by one part in 10^9 of u_y."""

    def __init__(self, base: Loss, backend_name: str) -> None:
        self.base = base
        self.backend_name = backend_name

    def apply(self, probs, onehot, ops):
        value = self.base.apply(probs, onehot, ops)
        wrong = ops.dot(probs, onehot) * ops.const(Fraction(1, 10**9))
        return value + wrong if ops.name == self.backend_name else value


class PerturbedSum(Perturbed):
    """Right values, but a label sum that is wrong under one backend."""

    def apply(self, probs, onehot, ops):
        return self.base.apply(probs, onehot, ops)


def wrong_sum(loss, probs, ops):
    wrong = ops.const(Fraction(int(ops.name == loss.backend_name), 10**9))
    return loss.base.label_sum(probs, ops) + wrong


PerturbedSum.label_sum = wrong_sum  # not in the class body: what a user's class says of its sum is not used


PAIRS = [
    (loss, name)
    for loss in LOSSES
    for name in BACKENDS
    if name != "mpmath" and is_within(LOSSES[loss](), name)
]


def test_only_rationals_leave_a_loss_out():
    left_out = {(loss, name) for loss in LOSSES for name in BACKENDS if not is_within(LOSSES[loss](), name)}
    assert {name for _, name in left_out} == {"rational"}
    # As far as their formulas go, without logarithm or root.
    assert {
        "mse",
        "mae",
        "nmse",
        "zero-one",
        "unhinged",
        "rce",
        "aul",
        "amse",
        "taylor-ce",
        "mae-star",
    } == set(LOSSES) - {loss for loss, _ in left_out}


@pytest.mark.parametrize("wrong", [Perturbed, PerturbedSum])
@pytest.mark.parametrize(("loss", "name"), PAIRS)
def test_the_comparison_rejects_a_wrong_formula(loss, name, wrong):
    point = (Fraction(1, 4), Fraction(1, 4), Fraction(1, 2))
    assert_agrees(wrong(LOSSES[loss](), "none"), point, name)
    with pytest.raises(AssertionError, match=f"by {name}"):
        assert_agrees(wrong(LOSSES[loss](), name), point, name)


X, Y = [[Fraction(1, 4), 4]], [[1, 2]]
OPERATIONS = {
    "minimum": (lambda ops, x, y: ops.minimum(x, y), [0.25, 2]),
    "maximum": (lambda ops, x, y: ops.maximum(x, y), [1, 4]),
    "abs": (lambda ops, x, y: ops.abs(-x), [0.25, 4]),
    "where": (lambda ops, x, y: ops.where(x > y, x, y), [1, 4]),
    "power": (lambda ops, x, y: ops.power(x, ops.const(2)), [0.0625, 16]),
    "sqrt": (lambda ops, x, y: ops.sqrt(x), [0.5, 2]),
    "root": (lambda ops, x, y: ops.power(x, ops.const(Fraction(1, 2))), [0.5, 2]),
    "log": (lambda ops, x, y: ops.log(x), [-1.3862943611198906, 1.3862943611198906]),
    "exp": (lambda ops, x, y: ops.exp(x), [1.2840254166877414, 54.598150033144236]),
}
IRRATIONAL = {"sqrt", "root", "log", "exp"}


def number(value) -> float:
    return float(value.evalf()) if isinstance(value, sympy.Basic) else float(value)


@pytest.mark.parametrize("name", BACKENDS)
class TestOperations:
    """What every backend must do alike, at the places where libraries differ."""

    @pytest.mark.parametrize("operation", OPERATIONS)
    def test_elementwise_and_on_constants(self, name, operation):
        """A formula may also compute with its parameters alone."""
        ops = backend(name)
        apply, expected = OPERATIONS[operation]
        if name == "rational" and operation in IRRATIONAL:
            with pytest.raises(IrrationalError):
                apply(ops, ops.array(X), ops.array(Y))
            return
        result = apply(ops, ops.array(X), ops.array(Y))
        assert [number(v) for v in np.ravel(result)] == pytest.approx(expected, rel=1e-15)
        for x, y, wanted in zip(X[0], Y[0], expected, strict=True):
            assert number(apply(ops, ops.const(x), ops.const(y))) == pytest.approx(wanted, rel=1e-15)

    def test_along_the_classes(self, name):
        ops = backend(name)
        x, y = ops.array(X), ops.array(Y)
        for result, expected in [
            (ops.onehot(x, 1), [0, 1]),
            (ops.stack([ops.sum(x), ops.dot(x, y)]), [4.25, 8.25]),
            (ops.max(x), [4]),
        ]:
            assert [number(v) for v in np.ravel(result)] == expected

    @pytest.mark.parametrize(("p", "expected"), [(0, 1), (1, 0), (Fraction(1, 2), 0)])
    def test_powers_of_zero(self, name, p, expected):
        ops = backend(name)
        if name == "rational" and p == Fraction(1, 2):
            return  # refused, see above
        assert number(ops.power(ops.array([[0]]), ops.const(p))[0, 0]) == expected

    def test_const_is_exact_where_it_can_be(self, name):
        third = backend(name).const(THIRD)
        if name in ("sympy", "rational"):
            assert third * 3 == 1
        elif name == "balls":
            assert (third * 3).contains(1)
        else:
            assert abs(float(third) - 1 / 3) == 0


@pytest.mark.parametrize("loss", ["focal(gamma=1/2)", "nfl-mae", "nfl-rce", "nnfl"])
def test_a_root_of_what_rounding_made_0_has_no_infinite_slope(loss):
    """(1 - u_y)^(1/2) at a softmax that float32 rounds to 1: its slope times 0 was NaN."""
    z = torch.tensor([[50.0, 0.0, 0.0]], requires_grad=True)
    value = get(loss).criterion()(z, torch.tensor([0]))
    value.backward()
    assert value.item() == pytest.approx(0, abs=1e-6)
    assert z.grad.abs().max() < 1e-6


def test_a_float_in_a_formula_becomes_the_rational_it_means():
    ops = backend("sympy")
    assert ops.log(0.1 + 0 * sympy.Symbol("t")) == sympy.log(sympy.Rational(1, 10))
    assert ops.const(0.1) == sympy.Rational(1, 10)


def test_ball_precision_is_put_back_even_after_an_error():
    before = flint.ctx.prec
    with precision(200):
        assert flint.ctx.prec == 200
    with pytest.raises(ZeroDivisionError), precision(200):
        1 / 0  # noqa: B018  (for its error)
    assert flint.ctx.prec == before


def test_mpmath_precision_is_its_own():
    before = mpmath.mp.dps
    assert backend("mpmath").context.dps == 50
    assert mpmath.mp.dps == before


def test_an_unknown_backend_is_named():
    with pytest.raises(ValueError, match=r"^backend must be one of sympy, .*, torch, got backend='jax'$"):
        backend("jax")
