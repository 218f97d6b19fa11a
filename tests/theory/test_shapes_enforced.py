"""Shape annotations bind under the tests: a wrong shape is rejected by the checker, not by luck."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import torch
from jaxtyping import Float, Int, TypeCheckError
from shape_checks import annotated, has_shape

from lossmatters.theory.criteria.criterion import sample_losses
from lossmatters.theory.losses import MAE, RLL
from lossmatters.theory.noise import InstanceDependentNoise, NoisyLabels


@pytest.mark.parametrize(
    ("logits_shape", "labels_shape"), [((3, 4), (2,)), ((3, 4), (3, 1)), ((2, 3, 4), (3,)), ((4,), (1,))]
)
def test_a_wrong_shape_is_rejected(logits_shape, labels_shape):
    with pytest.raises(TypeCheckError, match="labels"):
        sample_losses(MAE(), torch.zeros(logits_shape), torch.zeros(labels_shape, dtype=torch.long))


def test_a_wrong_kind_of_array_is_rejected():
    with pytest.raises(TypeCheckError, match="logits"):
        sample_losses(MAE(), torch.zeros(3, 4, dtype=torch.long), torch.zeros(3, dtype=torch.long))
    with pytest.raises(TypeCheckError, match="noisy_labels"):
        NoisyLabels(np.zeros(3, dtype=int), np.zeros(4, dtype=int), RLL().alpha)


def test_a_wrong_result_is_rejected():
    class Scalar(MAE):
        def apply(self, probs, onehot, ops):
            return super().apply(probs, onehot, ops).sum()

    with pytest.raises(TypeCheckError, match="return"):
        Scalar().values([[0.75, 0.25], [0.5, 0.5]], [1, 0])


def test_modules_that_annotate_shapes_are_found():
    found = annotated("lossmatters.theory", "lossmatters.empirics")
    assert {
        "lossmatters.theory.losses.base",
        "lossmatters.theory.criteria.criterion",
        "lossmatters.theory.noise",
        "lossmatters.empirics.engine.metrics",
    } <= set(found)
    assert "lossmatters.theory.exact" not in found


def test_right_shapes_pass():
    assert sample_losses(MAE(), torch.zeros(2, 3, 4), torch.zeros(2, 3, dtype=torch.long)).shape == (2, 3)
    assert InstanceDependentNoise(lambda x: 0 * x).rates(np.zeros(3)).shape == (3,)


def test_plain_types_are_left_to_the_projects_own_checks():
    assert RLL(alpha=0.1) == RLL(alpha="1/10")
    with pytest.raises(TypeError, match=r"^parameter alpha must be a number, got alpha="):
        RLL(alpha=[])


@pytest.mark.parametrize(
    ("hint", "expected"),
    [
        (Float[np.ndarray, "n k"], True),
        (Int[np.ndarray, " n"] | None, True),
        (list[Float[torch.Tensor, " n"]], True),
        (int, False),
        (str | None, False),
        (dict[str, int], False),
    ],
)
def test_the_checker_knows_a_shape(hint, expected):
    assert has_shape(hint) is expected


def test_users_pay_nothing_for_it():
    """Without the hook of the tests no annotation is checked."""
    code = (
        "import torch; from lossmatters.theory.criteria.criterion import sample_losses\n"
        "from lossmatters.theory.losses import MAE\n"
        "assert sample_losses(MAE(), torch.zeros(1, 4), torch.zeros(1, dtype=torch.int)).shape == (1,)\n"
        "assert not hasattr(sample_losses, '__wrapped__')"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
