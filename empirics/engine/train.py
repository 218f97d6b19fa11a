"""Training of a stack of networks at once: read it from top to bottom."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
import torch
from jaxtyping import Int
from torch import Tensor

from empirics.data.base import Dataset
from empirics.engine.metrics import Counter, Curve
from empirics.engine.training import Training
from empirics.models.base import MLP
from empirics.models.mlp import StackedMLP
from empirics.randomness import stream
from theory.losses import Loss
from theory.losses.criterion import sample_losses

SECOND_PHASE = 1  # tells the order of batches after a warm start from that before it


@dataclass(frozen=True)
class Network:
    """One network of a stack.

    Attributes
    ----------
    loss : what it minimises.
    seed : of its initial weights and of its order of batches.
    noisy_labels : (N,) the labels that it is trained on.
    """

    loss: Loss
    seed: int
    noisy_labels: Int[np.ndarray, " n"]


def train_stack(
    data: Dataset,
    model: MLP,
    training: Training,
    networks: Sequence[Network],
    *,
    start: StackedMLP | None = None,
    device: torch.device | str = "cpu",
    dtype: torch.dtype = torch.float32,
    on_epoch: Callable[[int], None] | None = None,
) -> tuple[list[dict[str, Curve]], StackedMLP]:
    """Train all networks side by side.

    What a network learns depends on the others by rounding alone: its loss, labels and order of batches
    are its own, and a network whose loss is no longer finite spoils none but itself.

    Parameters
    ----------
    start : a trained stack of as many networks to go on from, which is left as it is. All else begins anew:
        the optimiser's state is fresh and the step size goes through its whole schedule; the order of
        batches comes from a stream of its own. By default networks start from their seeds.
    on_epoch : called with 1, 2, ... after each epoch.

    Returns
    -------
    The curves of each network, by the names of `empirics.records.CURVES`, and the trained stack. A
    network whose loss became NaN or infinite shows that in its train_loss; argmax of NaN is class 0.
    """
    size = len(data.train_labels)
    inputs = torch.from_numpy(np.concatenate([data.train_inputs, data.test_inputs])).to(device, dtype)
    noisy_labels = torch.from_numpy(np.stack([n.noisy_labels for n in networks])).to(device)
    clean_labels, test_labels = (
        torch.from_numpy(v).to(device) for v in (data.train_labels, data.test_labels)
    )
    widths = model.widths(inputs.shape[1], data.num_classes)
    if start is None:
        stack = StackedMLP(widths, [n.seed for n in networks], device=device, dtype=dtype)
    else:
        stack = start.copies(range(len(networks)))
    optimiser = torch.optim.Adam(stack.parameters(), lr=training.step_size(0), fused=True)
    counter = Counter(noisy_labels, clean_labels, test_labels, data.num_classes, training.epochs)
    losses = torch.zeros(training.epochs, len(networks), dtype=dtype, device=device)
    second = () if start is None else (SECOND_PHASE,)
    orders = [stream("batch order", n.seed, *second) for n in networks]
    groups = _loss_groups(networks)
    firsts = range(0, size, training.batch_size)
    rows = torch.arange(len(networks), device=device)[:, None]

    for epoch in range(training.epochs):
        # drawn on the host, so the order is the same on each device; one copy an epoch
        order = torch.from_numpy(np.stack([rng.permutation(size) for rng in orders])).to(device)
        for step, first in enumerate(firsts):
            batch = order[:, first : first + training.batch_size]
            logits = stack(inputs[batch])
            labels = noisy_labels[rows, batch]
            batch_losses = torch.cat(
                [sample_losses(loss, logits[part], labels[part]).mean(dim=1) for loss, part in groups]
            )
            optimiser.zero_grad()
            batch_losses.sum().backward()  # networks share no parameter: each gets its own gradient
            for group in optimiser.param_groups:
                group["lr"] = training.step_size((epoch + step / len(firsts)) / training.epochs)
            optimiser.step()
            losses[epoch] += batch_losses.detach()
        losses[epoch] /= len(firsts)
        classes = predict(stack, inputs)
        counter.count(epoch, classes[:, :size], classes[:, size:])
        if on_epoch is not None:
            on_epoch(epoch + 1)

    curves = counter.curves()
    for network, values in zip(curves, losses.T.tolist(), strict=True):
        network["train_loss"] = values
    return curves, stack


@torch.no_grad()
def predict(stack: StackedMLP, inputs: Tensor) -> Int[Tensor, "m n"]:
    """The class that each network gives each input: (N, d) -> (M, N).

    On a CPU one network at a time, whose hidden layers stay in the cache (two thirds of the time); on a
    GPU all at once.
    """
    width = 1 if inputs.device.type == "cpu" else stack.num_networks
    parts = [slice(i, i + width) for i in range(0, stack.num_networks, width)]
    return torch.cat([stack(inputs.expand(width, -1, -1), part).argmax(dim=-1) for part in parts])


def _loss_groups(networks: Sequence[Network]) -> list[tuple[Loss, slice]]:
    """Neighbours with the same loss share its calls."""
    groups, start = [], 0
    for loss, members in groupby(networks, key=lambda n: n.loss):
        stop = start + len(list(members))
        groups.append((loss, slice(start, stop)))
        start = stop
    return groups
