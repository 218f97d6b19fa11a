"""Hugging Face's Trainer: RLL by `compute_loss_func`, bfloat16, and a meter that a callback resets.

pip install transformers accelerate
python examples/training/with_trainer.py
"""

from __future__ import annotations

import tempfile
from typing import Any

import torch
from noisy_digits import NoisyDigits, noisy_digits
from torch import Tensor, nn
from torch.utils.data import Dataset
from transformers import Trainer, TrainerCallback, TrainingArguments

from lossmatters import MemorizationMeter, get


class Samples(Dataset[dict[str, Tensor]]):
    """What the Trainer makes batches of."""

    def __init__(self, data: NoisyDigits) -> None:
        self.data = data

    def __len__(self) -> int:
        return len(self.data.inputs)

    def __getitem__(self, place: int) -> dict[str, Tensor]:
        return {
            "inputs": self.data.inputs[place],
            "labels": self.data.noisy_labels[place],
            "index": torch.tensor(place),
        }


class Classifier(nn.Module):
    """A perceptron that hands the places of its samples on, for the meter."""

    def __init__(self) -> None:
        super().__init__()
        self.network = nn.Sequential(nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, 10))

    def forward(self, inputs: Tensor, index: Tensor) -> dict[str, Tensor]:
        """Return logits, and the places."""
        return {"logits": self.network(inputs), "index": index}


class RobustLoss:
    """What the Trainer calls in place of the model's own loss."""

    def __init__(self, data: NoisyDigits) -> None:
        # the sum, since with gradient accumulation only the Trainer knows how many samples make a step
        self.criterion = get("rll", alpha=0.1).criterion(reduction="sum", weight=data.class_weight)
        self.meter = MemorizationMeter(10, num_samples=len(data.inputs))
        self.clean_labels = data.clean_labels

    def __call__(self, outputs: dict[str, Tensor], labels: Tensor, num_items_in_batch: Any = None) -> Tensor:
        """Return the loss of a batch, and count it."""
        logits, index = outputs["logits"], outputs["index"]
        self.meter.update(logits, labels, self.clean_labels[index.cpu()].to(labels.device), index)
        # weights are 1 on average, so that a step is as long as without them
        return self.criterion(logits, labels) / (
            len(labels) if num_items_in_batch is None else num_items_in_batch
        )


class ResetEachEpoch(TrainerCallback):
    """Empties the meter where an epoch begins."""

    def __init__(self, meter: MemorizationMeter) -> None:
        self.meter = meter

    def on_epoch_begin(self, *args: Any, **kwargs: Any) -> None:
        """Begin a new epoch."""
        self.meter.reset()


def main(epochs: int = 5) -> dict[str, float]:
    """Train, and return J1, J2, M and A_f of the last epoch, measured on the way."""
    data = noisy_digits()
    loss = RobustLoss(data)
    with tempfile.TemporaryDirectory() as folder:
        arguments = TrainingArguments(
            folder,
            num_train_epochs=epochs,
            per_device_train_batch_size=64,
            learning_rate=3e-3,
            label_smoothing_factor=0.0,  # smoothing makes another loss of it
            bf16=True,
            use_cpu=True,
            remove_unused_columns=False,  # keeps the places of samples
            save_strategy="no",
            report_to=[],
            disable_tqdm=True,
            seed=0,
        )
        torch.manual_seed(0)
        Trainer(
            Classifier(),
            arguments,
            train_dataset=Samples(data),
            compute_loss_func=loss,
            callbacks=[ResetEachEpoch(loss.meter)],
        ).train()
    return {name: float(value) for name, value in loss.meter.compute().items() if value.ndim == 0}


if __name__ == "__main__":
    print(main())
