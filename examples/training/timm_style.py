"""A loop in the manner of timm's train.py: its model, optimiser and schedule, and RLL as `train_loss_fn`.

pip install timm
python examples/training/timm_style.py
"""

from __future__ import annotations

from contextlib import suppress
from functools import partial

import timm
import torch
from noisy_digits import noisy_digits
from timm.optim import create_optimizer_v2
from timm.scheduler import CosineLRScheduler
from torch.nn import functional

from lossmatters import MemorizationMeter, get


def main(epochs: int = 2, model_name: str = "test_resnet", amp: bool = True) -> dict[str, float]:
    """Train, and return J1, J2, M and A_f of the last epoch, measured on the way."""
    torch.manual_seed(0)
    data = noisy_digits()
    images = functional.interpolate(data.inputs.view(-1, 1, 8, 8), scale_factor=4)
    model = timm.create_model(model_name, in_chans=1, num_classes=10)
    optimizer = create_optimizer_v2(model, opt="adamw", lr=3e-3)
    lr_scheduler = CosineLRScheduler(optimizer, t_initial=epochs)
    amp_autocast = partial(torch.autocast, "cpu", torch.bfloat16) if amp else suppress
    # was: LabelSmoothingCrossEntropy(smoothing=0.1), or SoftTargetCrossEntropy() with mixup. Probabilities
    # as targets, as mixup makes them, are taken too, and mean the expected loss; smoothing is best left off.
    train_loss_fn = get("rll", alpha=0.1).criterion(weight=data.class_weight)
    meter = MemorizationMeter(10, num_samples=len(images))
    for epoch in range(epochs):
        model.train()
        meter.reset()
        for index in torch.randperm(len(images)).split(64):
            with amp_autocast():
                output = model(images[index])
                loss = train_loss_fn(output, data.noisy_labels[index])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            meter.update(output, data.noisy_labels[index], data.clean_labels[index], index)
        lr_scheduler.step(epoch + 1)
    return {name: float(value) for name, value in meter.compute().items() if value.ndim == 0}


if __name__ == "__main__":
    print(main())
