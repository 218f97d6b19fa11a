"""The models of images in plain torch, one network at a time, written as anyone would.

Parameters and running statistics come in the order of those of the project's networks, so that `as_plain`
can copy them over.
"""

from __future__ import annotations

import math

import torch
from torch import nn
from torch.nn import functional


def unit(channels, out, kernel, stride=1, batch_norm=True, scale=True):
    layers = [nn.Conv2d(channels, out, kernel, stride, padding=kernel // 2, bias=not batch_norm)]
    if batch_norm:
        layers.append(nn.BatchNorm2d(out))
        layers[-1].weight.requires_grad = scale  # otherwise a constant 1
    return nn.Sequential(*layers)


class PlainCNN(nn.Module):
    def __init__(self, model, shape, num_classes):
        super().__init__()
        first, second = model.channels
        self.first = unit(shape[0], first, 3, 2, batch_norm=model.batch_norm)
        self.second = unit(first, second, 3, 2, batch_norm=model.batch_norm)
        self.hidden = nn.Linear(second * math.ceil(shape[1] / 4) * math.ceil(shape[2] / 4), model.hidden)
        self.head = nn.Linear(model.hidden, num_classes)

    def forward(self, x):
        x = functional.relu(self.first(x))
        x = functional.relu(self.second(x))
        return self.head(functional.relu(self.hidden(x.flatten(1))))


class PlainBlock(nn.Module):
    def __init__(self, channels, out, stride, batch_norm, project):
        super().__init__()
        self.first = unit(channels, out, 3, stride, batch_norm)
        self.second = unit(out, out, 3, 1, batch_norm)
        self.shortcut = unit(channels, out, 1, stride, batch_norm) if project and stride > 1 else None
        self.extra = (out - channels) // 2

    def forward(self, x):
        y = self.second(functional.relu(self.first(x)))
        if self.shortcut is not None:
            x = self.shortcut(x)
        elif self.extra:
            zeros = x.new_zeros(len(x), self.extra, x.shape[2] // 2, x.shape[3] // 2)
            x = torch.cat([zeros, x[:, :, ::2, ::2], zeros], dim=1)
        return functional.relu(x + y)


class PlainResNet(nn.Module):
    def __init__(self, model, shape, num_classes):
        super().__init__()
        large = model.name == "resnet18"
        widths, number = ((64, 128, 256, 512), 2) if large else ((16, 32, 64), 5)
        self.pool = large and model.stem == "imagenet"
        kernel, stride = (7, 2) if self.pool else (3, 1)
        self.stem = unit(shape[0], widths[0], kernel, stride, model.batch_norm)
        blocks, channels = [], widths[0]
        for width in widths:
            for place in range(number):
                stride = 2 if width != widths[0] and place == 0 else 1
                blocks.append(PlainBlock(channels, width, stride, model.batch_norm, large))
                channels = width
        self.blocks = nn.Sequential(*blocks)
        self.head = nn.Linear(channels, num_classes)

    def forward(self, x):
        x = functional.relu(self.stem(x))
        if self.pool:
            x = functional.max_pool2d(x, 3, 2, 1)
        return self.head(self.blocks(x).mean(dim=(2, 3)))


class PlainInception(nn.Module):
    """Figure 3 of Zhang et al. 2017, layer by layer."""

    def __init__(self, model, shape, num_classes):
        super().__init__()
        bn = model.batch_norm
        self.first = unit(shape[0], 96, 3, batch_norm=bn, scale=False)
        table = [(96, 32, 32), (64, 32, 48), (80, 80), (160, 112, 48), (160, 96, 64), (160, 80, 80)]
        table += [(160, 48, 96), (144, 96), (240, 176, 160), (336, 176, 160)]
        self.stages = nn.ModuleList()
        for channels, *filters in table:
            if len(filters) == 2:
                pair = [unit(channels, out, k, 1, bn, False) for out, k in zip(filters, (1, 3), strict=True)]
            else:
                pair = [unit(channels, filters[0], 3, 2, bn, False)]
            self.stages.append(nn.ModuleList(pair))
        self.head = nn.Linear(336, num_classes)

    def forward(self, x):
        x = functional.relu(self.first(x))
        for stage in self.stages:
            parts = [functional.relu(branch(x)) for branch in stage]
            if len(parts) == 1:
                parts.append(functional.max_pool2d(x, 3, 2, 1))
            x = torch.cat(parts, dim=1)
        return self.head(functional.adaptive_avg_pool2d(x, 1).flatten(1))


PLAIN = {"cnn": PlainCNN, "resnet18": PlainResNet, "resnet32": PlainResNet, "inception-lite": PlainInception}


def trained(module):
    """The parameters that are trained, in order."""
    return [p for p in module.parameters() if p.requires_grad]


def statistics(module):
    """The running means and variances, in order."""
    return [b for b in module.buffers() if b.ndim]  # not the number of batches


@torch.no_grad()
def as_plain(network):
    """A network of the project (a stack of one) in plain torch."""
    with torch.random.fork_rng(devices=[]):  # nn's layers draw from the global generator
        plain = PLAIN[network.model.name](network.model, network.input_shape, network.num_classes)
    plain = plain.to(next(network.parameters()).dtype)
    for kind in (trained, statistics):
        for mine, theirs in zip(kind(plain), kind(network), strict=True):
            assert mine.shape == theirs.shape
            mine.copy_(theirs)
    return plain
