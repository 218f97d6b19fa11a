"""A loop in plain torch: RLL in place of cross-entropy, and a meter that tells whether labels are memorised.

python examples/training/plain_loop.py
"""

from __future__ import annotations

import torch
from noisy_digits import noisy_digits
from torch import nn

from lossmatters import MemorizationMeter, get


def main(epochs: int = 5) -> dict[str, float]:
    """Train, and return J1, J2, M and A_f of the last epoch, measured on the way."""
    torch.manual_seed(0)
    data = noisy_digits()
    network = nn.Sequential(nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, 10))
    # was: nn.CrossEntropyLoss(weight=..., label_smoothing=0.1). Smoothed labels make another loss of it, and
    # whether that resists is another question: there is no such argument.
    criterion = get("rll", alpha=0.1).criterion(weight=data.class_weight)
    meter = MemorizationMeter(num_classes=10, num_samples=len(data.inputs))
    optimiser = torch.optim.Adam(network.parameters(), lr=3e-3)
    for _ in range(epochs):
        meter.reset()
        for index in torch.randperm(len(data.inputs)).split(64):
            # on a GPU: torch.autocast("cuda", torch.bfloat16); bfloat16 needs no GradScaler, float16 does
            with torch.autocast("cpu", torch.bfloat16):
                logits = network(data.inputs[index])
                loss = criterion(logits, data.noisy_labels[index])  # of bfloat16 logits, in float32
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            meter.update(logits, data.noisy_labels[index], data.clean_labels[index], index)
    history = meter.sample_scores()
    suspects = (history["epochs_memorised"] >= 2).sum()
    print(f"{suspects} samples were given their wrong label in two epochs or more")
    return {name: float(value) for name, value in meter.compute().items() if value.ndim == 0}


if __name__ == "__main__":
    print(main())
