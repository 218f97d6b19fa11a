"""The engine as it was when it knew one model, Adam and digits only: what the quick profile's records
must not depart from by a single bit.
"""

from __future__ import annotations

import math
from itertools import groupby

import numpy as np
import torch

from lossmatters.empirics.engine.metrics import Counter
from lossmatters.empirics.models.mlp import StackedMLP
from lossmatters.empirics.randomness import stream
from lossmatters.theory.criteria.criterion import sample_losses


def train_stack(data, widths, training, networks):
    """Curves and weights of a stack that starts cold, in float32."""
    size = len(data.train_labels)
    inputs = torch.from_numpy(np.concatenate([data.train_inputs, data.test_inputs]))
    noisy = torch.from_numpy(np.stack([n.noisy_labels for n in networks]))
    clean, test = torch.from_numpy(data.train_labels), torch.from_numpy(data.test_labels)
    stack = StackedMLP(widths, [n.seed for n in networks])
    optimiser = torch.optim.Adam(stack.parameters(), lr=0.003, fused=True)
    counter = Counter(noisy, clean, test, data.num_classes, training.epochs)
    losses = torch.zeros(training.epochs, len(networks))
    orders = [stream("batch order", n.seed) for n in networks]
    groups, begin = [], 0
    for loss, members in groupby(networks, key=lambda n: n.loss):
        stop = begin + len(list(members))
        groups.append((loss, slice(begin, stop)))
        begin = stop
    steps = math.ceil(size / training.batch_size)
    rows = torch.arange(len(networks))[:, None]
    for epoch in range(training.epochs):
        order = torch.from_numpy(np.stack([rng.permutation(size) for rng in orders]))
        for step in range(steps):
            batch = order[:, step * training.batch_size : (step + 1) * training.batch_size]
            logits, labels = stack(inputs[batch]), noisy[rows, batch]
            values = torch.cat([sample_losses(g, logits[part], labels[part]).mean(1) for g, part in groups])
            optimiser.zero_grad()
            values.sum().backward()
            progress = (epoch + step / steps) / training.epochs
            factor = (1 - progress) / (1 - 0.625) if progress > 0.625 else 1.0
            optimiser.param_groups[0]["lr"] = 0.003 * factor
            optimiser.step()
            losses[epoch] += values.detach()
        losses[epoch] /= steps
        with torch.no_grad():
            parts = [slice(m, m + 1) for m in range(len(networks))]
            classes = torch.cat([stack(inputs.expand(1, -1, -1), part).argmax(-1) for part in parts])
        counter.count(epoch, classes[:, :size], classes[:, size:])
    curves = counter.curves()
    for network, values in zip(curves, losses.T.tolist(), strict=True):
        network["train_loss"] = values
    return curves, stack
