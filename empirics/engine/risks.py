"""The mean losses of a trained network: on its own altered labels, under fresh noise, on clean labels."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from lossmatters.empirics.data.base import Dataset
from lossmatters.empirics.engine.feed import batches
from lossmatters.empirics.engine.forward import evaluate
from lossmatters.empirics.engine.train import Network
from lossmatters.empirics.models.base import Model, Stack
from lossmatters.theory.criteria.criterion import loss_matrix
from lossmatters.theory.losses import Loss
from lossmatters.theory.noise import SymmetricNoise


def risks(
    loss: Loss,
    logits: Float[Tensor, "n k"],
    own: Int[Tensor, " n"],
    clean: Int[Tensor, " n"],
    noise: Fraction | Float[np.ndarray, "n k"],
) -> dict[str, float]:
    """Return the three risks of `lossmatters.empirics.records.RISKS`, computed in float64.

    Parameters
    ----------
    own : the altered labels that the network was trained on.
    noise : the fresh noise, which is independent of the network: the rate of uniform noise, or P(noisy = j)
        for each sample. Its average is taken exactly, as the weighted sum over all labels.
    """
    if loss.has_formula:  # which may know one dtype only
        logits = logits.double()
    elif logits.dtype == torch.bfloat16:
        logits = logits.float()
    matrix = loss_matrix(loss, logits).double()
    rows = torch.arange(len(clean), device=logits.device)
    if isinstance(noise, Fraction):
        transition = SymmetricNoise(noise).transition_matrix(logits.shape[1])
        fresh = torch.tensor([[float(p) for p in row] for row in transition], dtype=torch.float64)
        weights = fresh.to(logits.device)[clean]
    else:
        weights = torch.from_numpy(noise).to(logits.device)
    # torch.where: an infinite loss of a label that has probability 0 does not count
    expected = torch.where(weights > 0, weights * matrix, 0.0).sum(dim=1)
    return {
        "own_labels": float(matrix[rows, own].mean()),
        "fresh_labels": float(expected.mean()),
        "clean_labels": float(matrix[rows, clean].mean()),
    }


@torch.no_grad()
def final_risks(
    data: Dataset,
    model: Model,
    stack: Stack,
    networks: Sequence[Network],
    noises: Sequence[Fraction | np.ndarray | None],
    precision: str = "float32",
) -> list[dict[str, float] | None]:
    """Compute the `risks` of each network of a stack on its training samples, given as for evaluation.

    Parameters
    ----------
    noises : of each network, as `risks` takes it; None where it is unknown, and with it the risks.
    """
    first = next(stack.parameters())
    dtype = torch.bfloat16 if precision == "bfloat16" and data.is_images else first.dtype
    inputs = batches(data, data.train_inputs, model, device=first.device, dtype=dtype)
    clean = torch.from_numpy(data.train_labels).to(first.device)
    found: list[dict[str, float] | None] = []
    each = (logits for part in evaluate(stack, inputs, precision) for logits in part)
    for logits, network, noise in zip(each, networks, noises, strict=True):
        own = torch.from_numpy(network.noisy_labels).to(first.device)
        found.append(None if noise is None else risks(network.loss, logits, own, clean, noise))
    return found
