"""One table of bad calls of the theory, and exactly what is said of each."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from lossmatters.theory.losses import (
    CCE,
    GCE,
    MAE,
    RCE,
    RLL,
    SCE,
    CallableLoss,
    Focal,
    Loss,
    SeparableLoss,
    get,
)
from lossmatters.theory.memorization import (
    flip_epoch,
    mean_interval,
    measure,
    memorization_verdict,
    quantile_interval,
)
from lossmatters.theory.noise import ClassConditionalNoise, SymmetricNoise

U = [[0.5, 0.5]]
Z = torch.zeros(2, 3)
Y = torch.tensor([0, 1])
RNG = np.random.default_rng(0)
SIMPLEX = "probs must be rows of the simplex (non-negative, summing to 1; logits go to matrix())"
NAN, INF = float("nan"), float("inf")


def criterion(*args, **kwargs):
    return CCE().criterion(**kwargs)(*args)


BAD_CALLS = [
    # parameters
    (lambda: RLL(alpha=0), ValueError, "parameter alpha must be > 0, got alpha=0"),
    (lambda: RLL(alpha=-0.5), ValueError, "parameter alpha must be > 0, got alpha=-1/2"),
    (lambda: RLL(alpha=NAN), ValueError, "parameter alpha must be finite, got alpha=nan"),
    (lambda: RLL(alpha=True), TypeError, "parameter alpha must be a number, got alpha=True"),
    (
        lambda: RLL(alpha="x"),
        ValueError,
        "parameter alpha must be a rational number such as 0.1 or 1/10, got alpha='x'",
    ),
    (lambda: RCE(A=0), ValueError, "parameter A must be > 0, got A=0"),
    (lambda: GCE(q=0), ValueError, "parameter q must be in (0, 1], got q=0"),
    (lambda: GCE(q=1.5), ValueError, "parameter q must be in (0, 1], got q=3/2"),
    (lambda: SCE(beta=-1), ValueError, "parameter beta must be > 0, got beta=-1"),
    (lambda: Focal(gamma=-1), ValueError, "parameter gamma must be >= 0, got gamma=-1"),
    (lambda: get("ngce", q=2), ValueError, "parameter q must be in (0, 1], got q=2"),
    (lambda: get("nfl", gamma=-2), ValueError, "parameter gamma must be >= 0, got gamma=-2"),
    # values
    (lambda: CCE().values([0.5, 0.5], [0]), ValueError, "probs must be of shape (N, K), got probs=(2,)"),
    (
        lambda: CCE().values([["a", "b"]], [0]),
        TypeError,
        "probs must be an array of numbers, got probs=[['a', 'b']]",
    ),
    (
        lambda: CCE().values([[1.0]], [0]),
        ValueError,
        "num_classes must be an integer >= 2, got num_classes=1",
    ),
    (lambda: CCE().values([[NAN, 1]], [0]), ValueError, "probs must be finite, got probs=[nan, 1.0]"),
    (
        lambda: CCE().values([[0.5, 0.5], [0.5, 0.6]], [0, 1]),
        ValueError,
        f"{SIMPLEX}, got probs=[0.5, 0.6]",
    ),
    (
        lambda: CCE().values([[-0.1, 1.1]], [0]),
        ValueError,
        f"{SIMPLEX}, got probs=[-0.1, 1.1]",
    ),
    (lambda: CCE().values(U, [2]), ValueError, "labels must be in 0..1, got labels=2"),
    (lambda: CCE().values(U, [-1]), ValueError, "labels must be in 0..1, got labels=-1"),
    (lambda: CCE().values(U, [0.0]), TypeError, "labels must be integers, got dtype=float64"),
    (lambda: CCE().values(U, [True]), TypeError, "labels must be integers, got dtype=bool"),
    (lambda: CCE().values(U, [0, 1]), ValueError, "labels must be of shape (1,), got labels=(2,)"),
    (lambda: CCE().values(U, [[0]]), ValueError, "labels must be of shape (1,), got labels=(1, 1)"),
    # losses without a formula
    (lambda: Loss().values(U, [0]), NotImplementedError, "Loss has no formula"),
    (lambda: SeparableLoss().values(U, [0]), NotImplementedError, "SeparableLoss has no on_label"),
    (lambda: CallableLoss(3), TypeError, "loss must be callable, got loss=3"),
    # criterion
    (
        lambda: criterion(Z, Y, reduction="avg"),
        ValueError,
        "reduction must be one of mean, sum, none, got reduction='avg'",
    ),
    (
        lambda: criterion(Z, Y, ignore_index=1.5),
        TypeError,
        "ignore_index must be an integer, got ignore_index=1.5",
    ),
    (
        lambda: criterion(Z, Y, weight=[1, 2, 3]),
        TypeError,
        "weight must be a floating tensor or None, got weight=[1, 2, 3]",
    ),
    (
        lambda: criterion(Z, Y, weight=torch.ones(2)),
        ValueError,
        "weight must be of shape (3,), got weight=(2,)",
    ),
    (
        lambda: criterion(Z, Y, weight=torch.ones(1, 3)),
        ValueError,
        "weight must be of shape (K,), got weight=(1, 3)",
    ),
    (
        lambda: criterion(Z, Y, weight=torch.tensor([1, -1, 1.0])),
        ValueError,
        "weight must be finite and >= 0, got weight=[1.0, -1.0, 1.0]",
    ),
    (lambda: criterion(Z, Y.float()), TypeError, "labels must be integers, got dtype=torch.float32"),
    (lambda: criterion(Z, Y > 0), TypeError, "labels must be integers, got dtype=torch.bool"),
    (lambda: criterion(Z, [0, 1]), TypeError, "labels must be a tensor, got labels=[0, 1]"),
    (lambda: criterion(Z, Y + 2), ValueError, "labels must be in 0..2, got labels=3"),
    (lambda: criterion(Z, Y - 1), ValueError, "labels must be in 0..2, got labels=-1"),
    (lambda: criterion(Z.long(), Y), TypeError, "logits must be floating, got dtype=torch.int64"),
    (lambda: criterion([0.0], Y), TypeError, "logits must be a tensor, got logits=[0.0]"),
    (
        lambda: criterion(Z, torch.tensor([0])),
        ValueError,
        "logits and labels must be of shapes (N, K, ...) and (N, ...), got labels=((2, 3), (1,))",
    ),
    (
        lambda: criterion(Z, torch.zeros(2, 3, dtype=torch.long)),
        ValueError,
        "logits and labels must be of shapes (N, K, ...) and (N, ...), got labels=((2, 3), (2, 3))",
    ),
    (
        lambda: criterion(Z[:, :1], Y * 0),
        ValueError,
        "num_classes must be an integer >= 2, got num_classes=1",
    ),
    (lambda: MAE().matrix(Z[0]), ValueError, "logits must be of shape (N, K), got logits=(3,)"),
    (lambda: MAE().matrix(Z.int()), TypeError, "logits must be floating, got dtype=torch.int32"),
    # noise
    (lambda: SymmetricNoise(1.1), ValueError, "eta must be in [0, 1], got eta=1.1"),
    (lambda: SymmetricNoise(-0.1), ValueError, "eta must be in [0, 1], got eta=-0.1"),
    (lambda: SymmetricNoise(NAN), ValueError, "eta must be finite, got eta=nan"),
    (lambda: SymmetricNoise(None), TypeError, "eta must be a number, got eta=None"),
    (
        lambda: SymmetricNoise(0.4).transition_matrix(1),
        ValueError,
        "num_classes must be an integer >= 2, got num_classes=1",
    ),
    (lambda: ClassConditionalNoise([[1, 0]]), ValueError, "matrix must be square, got matrix=[2]"),
    (
        lambda: ClassConditionalNoise([[1]]),
        ValueError,
        "num_classes must be an integer >= 2, got num_classes=1",
    ),
    (
        lambda: ClassConditionalNoise([[0.5, 0.4], [0, 1]]),
        ValueError,
        "matrix rows must sum to 1, got sum=9/10 in row 0",
    ),
    (
        lambda: ClassConditionalNoise([[1.5, -0.5], [0, 1]]),
        ValueError,
        "transition probability must be in [0, 1], got probability=1.5",
    ),
    (
        lambda: ClassConditionalNoise([[1, 0], [0, 1]]).transition_matrix(3),
        ValueError,
        "num_classes must be 2, the size of the matrix, got num_classes=3",
    ),
    (lambda: SymmetricNoise(0.4).apply([0, 3], 3, RNG), ValueError, "labels must be in 0..2, got labels=3"),
    (
        lambda: SymmetricNoise(0.4).apply([0.0], 3, RNG),
        TypeError,
        "labels must be integers, got dtype=float64",
    ),
    (
        lambda: SymmetricNoise(0.4).apply([[0]], 3, RNG),
        ValueError,
        "labels must be of shape (N,), got labels=(1, 1)",
    ),
    (
        lambda: SymmetricNoise(0.4).apply([0], 3, RNG, draw="random"),
        ValueError,
        "draw must be one of independent, exact, got draw='random'",
    ),
    # memorization
    (
        lambda: measure([0], [0, 1], [0, 1]),
        ValueError,
        "predictions and labels must be of one shape (N,), N > 0, got labels=((1,), (2,), (2,))",
    ),
    (
        lambda: measure([], [], []),
        ValueError,
        "predictions and labels must be of one shape (N,), N > 0, got labels=((0,), (0,), (0,))",
    ),
    (lambda: flip_epoch([0.1], []), ValueError, "curves must be of one length, got curves=(1, 0)"),
    (
        lambda: mean_interval([]),
        ValueError,
        "values must be a non-empty list of finite numbers, got values=[]",
    ),
    (
        lambda: mean_interval([1, NAN]),
        ValueError,
        "values must be a non-empty list of finite numbers, got values=[1, nan]",
    ),
    (
        lambda: mean_interval([1, INF]),
        ValueError,
        "values must be a non-empty list of finite numbers, got values=[1, inf]",
    ),
    (lambda: mean_interval([1, 2], level=1), ValueError, "level must be in (0, 1), got level=1"),
    (lambda: quantile_interval([1, 2], 0), ValueError, "probability must be in (0, 1), got probability=0"),
    (
        lambda: memorization_verdict([0.9], [0.9, 0.9]),
        ValueError,
        "clean_runs and noisy_runs must be of one length, got noisy_runs=(1, 2)",
    ),
    (
        lambda: memorization_verdict([1.2], [0.9]),
        ValueError,
        "accuracies must be in [0, 1], got accuracies=1.2",
    ),
    (
        lambda: memorization_verdict([0.9], [0.9], epsilon=2),
        ValueError,
        "epsilon must be in [0, 1], got epsilon=2",
    ),
    (lambda: memorization_verdict([0.9], [0.9], delta=0), ValueError, "delta must be in (0, 1), got delta=0"),
]


@pytest.mark.parametrize(("call", "kind", "message"), BAD_CALLS, ids=[m[:60] for *_, m in BAD_CALLS])
def test_bad_call(call, kind, message):
    with pytest.raises(kind) as error:
        call()
    assert type(error.value) is kind
    assert str(error.value) == message
