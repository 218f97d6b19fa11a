"""Training of a stack of networks at once: read it from top to bottom."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np
import torch
from jaxtyping import Int

from lossmatters.empirics.data.base import Dataset
from lossmatters.empirics.engine.checkpoint import Checkpoints, OutOfTime
from lossmatters.empirics.engine.factories import Steps
from lossmatters.empirics.engine.feed import Feed, batches
from lossmatters.empirics.engine.forward import autocast, channels_last, forward, predict
from lossmatters.empirics.engine.metrics import Counter, Curves
from lossmatters.empirics.engine.training import Training
from lossmatters.empirics.models.base import Model, Stack
from lossmatters.empirics.randomness import torch_seed
from lossmatters.theory.criteria.criterion import sample_losses
from lossmatters.theory.losses import Loss

SECOND_PHASE = 1  # tells the randomness after a warm start from that before it


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
    model: Model,
    training: Training,
    networks: Sequence[Network],
    *,
    start: Any = None,
    device: torch.device | str = "cpu",
    dtype: torch.dtype = torch.float32,
    on_epoch: Callable[[int], None] | None = None,
    checkpoints: Checkpoints | None = None,
) -> tuple[list[Curves], Any]:
    """Train all networks side by side.

    What a network learns depends on the others by rounding alone: its loss, labels and order of batches
    are its own, and a network whose loss is no longer finite spoils none but itself.

    Parameters
    ----------
    start : a trained stack of as many networks to go on from, which is left as it is. All else begins anew:
        the optimiser's state is fresh and the step size goes through its whole schedule; the order of
        batches, crops and dropout come from streams of their own. By default networks start from their
        seeds.
    on_epoch : called with 1, 2, ... after each epoch; first with how many a checkpoint has, if any.
    checkpoints : where to save the state after epochs, and to go on from what is saved there. Whoever
        resumes gives the same arguments as before.

    Returns
    -------
    The curves of each network, by the names of `lossmatters.empirics.records.CURVES`, and the trained
    stack. A network whose loss became NaN or infinite shows that in its train_loss; argmax of NaN is class 0.

    Raises
    ------
    OutOfTime : the deadline has come; the state is saved.
    """
    device = torch.device(device)
    size = len(data.train_labels)
    seeds, key = [n.seed for n in networks], () if start is None else (SECOND_PHASE,)
    precision = torch.bfloat16 if training.precision == "bfloat16" and data.is_images else dtype
    inputs = batches(data, data.every_input, model, training.augmentation, device=device, dtype=precision)
    noisy_labels = torch.from_numpy(np.stack([n.noisy_labels for n in networks])).to(device)
    clean_labels, test_labels = (
        torch.from_numpy(v).to(device) for v in (data.train_labels, data.test_labels)
    )
    if start is None:
        stack = model.stack(data.input_shape, data.num_classes, seeds, device=device, dtype=dtype)
    else:
        stack = start.copies(range(len(networks)))
    if hasattr(stack, "generator"):
        # the networks of a stack drop the same features, so one seed will do
        stack.generator = torch.Generator(device).manual_seed(torch_seed("dropout", seeds[0], *key))
    channels_last(stack)
    counter = Counter(noisy_labels, clean_labels, test_labels, data.num_classes, training.epochs)
    losses = torch.zeros(training.epochs, len(networks), dtype=dtype, device=device)
    feed = Feed(inputs, size, training, seeds, key)
    optimiser = Steps(training, stack, feed.steps, lambda: optimiser_of(training, stack))
    groups = _loss_groups(networks)
    rows = torch.arange(len(networks), device=device)[:, None]
    run = _Run(stack, optimiser, counter, losses, feed)
    first_epoch = run.resume(checkpoints, device)
    if on_epoch is not None and first_epoch:
        on_epoch(first_epoch)
    if checkpoints is not None and checkpoints.late and first_epoch < training.epochs:
        raise OutOfTime

    for epoch in range(first_epoch, training.epochs):
        began = time.time()
        stack.train()
        for step, (batch, given) in enumerate(feed.epoch()):
            with autocast(device, training.precision):
                logits = forward(stack, given)
            logits = logits.to(dtype)  # of bfloat16, which has too few digits for a loss
            labels = noisy_labels[rows, batch]
            batch_losses = torch.cat(
                [sample_losses(loss, logits[part], labels[part]).mean(dim=1) for loss, part in groups]
            )
            optimiser.zero_grad()
            batch_losses.sum().backward()  # networks share no parameter: each gets its own gradient
            optimiser.step(epoch, step)
            losses[epoch] += batch_losses.detach()
        losses[epoch] /= feed.steps
        classes = predict(stack, inputs, training.precision)
        counter.count(epoch, classes[:, :size], classes[:, size:])
        if device.type == "cuda":
            torch.cuda.synchronize(device)  # once an epoch, or the host would be epochs ahead of its clock
        if on_epoch is not None:
            on_epoch(epoch + 1)
        if checkpoints is not None:
            run.keep(checkpoints, epoch + 1, epoch + 1 == training.epochs, time.time() - began)

    curves = counter.curves()
    for network, values in zip(curves, losses.T.tolist(), strict=True):
        network["train_loss"] = values
    return curves, stack


@dataclass
class _Run:
    """All that changes in the course of training."""

    stack: Stack
    optimiser: Steps
    counter: Counter
    losses: torch.Tensor
    feed: Feed

    @property
    def dropout(self) -> torch.Generator | None:
        """Return the generator that decides which features are dropped; None for perceptrons."""
        return getattr(self.stack, "generator", None)

    def keep(self, checkpoints: Checkpoints, epochs: int, is_last: bool, epoch_seconds: float) -> None:
        save, stop = checkpoints.due(is_last, epoch_seconds)
        if save:
            checkpoints.save(
                {
                    "epochs": epochs,
                    "stack": self.stack.state_dict(),
                    "optimiser": self.optimiser.state_dict(),
                    "counts": self.counter.counts,
                    "losses": self.losses,
                    "feed": self.feed.state(),
                    "dropout": None if self.dropout is None else self.dropout.get_state(),
                }
            )
        if stop:
            raise OutOfTime

    def resume(self, checkpoints: Checkpoints | None, device: torch.device) -> int:
        """Go on from what is saved, if anything is; how many epochs are done."""
        saved = None if checkpoints is None else checkpoints.load(device)
        if saved is None:
            return 0
        self.stack.load_state_dict(saved["stack"])
        self.optimiser.load_state_dict(saved["optimiser"])
        self.counter.counts.copy_(saved["counts"])
        self.losses.copy_(saved["losses"])
        # generators' states lie on the host whatever the device
        self.feed.resume({**saved["feed"], "crops": [state.cpu() for state in saved["feed"]["crops"]]})
        if self.dropout is not None:
            self.dropout.set_state(saved["dropout"].cpu())
        return int(saved["epochs"])


def optimiser_of(training: Training, stack: Stack, step: torch.Tensor | None = None) -> torch.optim.Optimizer:
    """Return the optimiser of a stack; its step size is read from a tensor if one is given."""
    rate, decay = training.step_size(0) if step is None else step, float(training.weight_decay)
    if training.optimiser == "sgd":
        return torch.optim.SGD(
            stack.parameters(), lr=rate, momentum=float(training.momentum), weight_decay=decay, fused=True
        )
    # capturable: it counts its steps on the device
    on_gpu = step is not None and step.is_cuda
    return torch.optim.Adam(stack.parameters(), lr=rate, weight_decay=decay, fused=True, capturable=on_gpu)


def _loss_groups(networks: Sequence[Network]) -> list[tuple[Loss, slice]]:
    """Return each loss with the neighbouring networks that share its calls."""
    groups, start = [], 0
    for loss, members in groupby(networks, key=lambda n: n.loss):
        stop = start + len(list(members))
        groups.append((loss, slice(start, stop)))
        start = stop
    return groups
