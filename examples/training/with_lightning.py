"""Lightning: RLL in place of cross-entropy, mixed precision, and the meter as a torchmetrics metric.

pip install lightning
python examples/training/with_lightning.py
"""

from __future__ import annotations

import lightning
import torch
from noisy_digits import NoisyDigits, noisy_digits
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from lossmatters import MemorizationMeter, get


class Classifier(lightning.LightningModule):
    """A perceptron that counts what it memorises."""

    def __init__(self, class_weight: Tensor, num_samples: int) -> None:
        super().__init__()
        self.network = nn.Sequential(nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, 10))
        # was: nn.CrossEntropyLoss(weight=..., label_smoothing=0.1); smoothing makes another loss of it
        self.criterion = get("rll", alpha=0.1).criterion(weight=class_weight)
        self.memorization = MemorizationMeter(10, num_samples).as_torchmetric()
        self.measured: dict[str, float] = {}

    def training_step(self, batch: list[Tensor], batch_index: int) -> Tensor:
        """Train on the labels as given; the clean ones are for the meter alone."""
        inputs, noisy_labels, clean_labels, index = batch
        logits = self.network(inputs)
        self.memorization.update(logits, noisy_labels, clean_labels, index)
        return self.criterion(logits, noisy_labels)

    def on_train_epoch_end(self) -> None:
        """Note what the epoch came to; logged as everything is in Lightning."""
        found = self.memorization.compute()  # added up over processes by torchmetrics
        self.measured = {name: float(value) for name, value in found.items() if value.ndim == 0}
        self.log_dict(self.measured)
        self.memorization.reset()

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Return Adam."""
        return torch.optim.Adam(self.parameters(), lr=3e-3)


def batches(data: NoisyDigits) -> DataLoader[tuple[Tensor, ...]]:
    """Batches of inputs, labels as given, clean labels and places in the training set."""
    index = torch.arange(len(data.inputs))
    samples = TensorDataset(data.inputs, data.noisy_labels, data.clean_labels, index)
    return DataLoader(samples, batch_size=64, shuffle=True)


def main(epochs: int = 5) -> dict[str, float]:
    """Train, and return J1, J2, M and A_f of the last epoch, measured on the way."""
    lightning.seed_everything(0, verbose=False)
    data = noisy_digits()
    model = Classifier(data.class_weight, len(data.inputs))
    quiet = {"logger": False, "enable_checkpointing": False, "enable_progress_bar": False}
    trainer = lightning.Trainer(
        max_epochs=epochs, accelerator="cpu", precision="bf16-mixed", enable_model_summary=False, **quiet
    )
    trainer.fit(model, batches(data))
    return model.measured


if __name__ == "__main__":
    print(main())
